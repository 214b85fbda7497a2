/* redact.c - takes passwords out of what programs write. */
#include "source/redact.h"

#include <string.h>

#define URL_ENDS " \t\r\n'\"<>"

void redact_urls(char *text)
{
	while ((text = strstr(text, "://"))) {
		text += strlen("://");
		size_t length = strcspn(text, URL_ENDS), user = length;
		while (user > 0 && text[user - 1] != '@')
			user--;
		if (user > 1)
			memset(text, '.', user - 1);
		text += length;
	}
}
