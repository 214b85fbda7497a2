/* driver_text.c - see driver_text.h. */
#include "recorderd/driver_text.h"

#include <json-c/json.h>
#include <string.h>

struct json_object *driver_text_json(const char *text, size_t bytes)
{
	char clean[128];
	size_t length = strnlen(text, bytes < sizeof(clean) ? bytes : sizeof(clean));

	for (size_t i = 0; i < length; i++)
		clean[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	return json_object_new_string_len(clean, (int)length);
}
