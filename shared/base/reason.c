/* reason.c - one sentence for a person about why something failed. */
#include "shared/base/reason.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The sentence may quote hostile text, whose control bytes would break a line or a terminal. */
static void set_text(struct reason *why, const char *format, va_list arguments)
{
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	for (char *at = why->text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
}

bool reason_set(struct reason *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_text(why, format, arguments);
	va_end(arguments);
	return false;
}

bool reason_errno(struct reason *why, const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	set_text(why, format, arguments);
	va_end(arguments);

	char text[128];
	size_t length = strlen(why->text);
	snprintf(why->text + length, sizeof(why->text) - length, ": %s", strerror_r(error, text, sizeof(text)));
	errno = error;
	return false;
}
