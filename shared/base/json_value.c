/*
 * json_value.c - texts, times and numbers for JSON (RFC 8259): see json_value.h.
 */
#include "shared/base/json_value.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/time_text.h"

/* Length of the UTF-8 sequence at `at` (RFC 3629), 0 where it is none. */
static size_t sequence_length(const unsigned char *at)
{
	size_t length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 : 0;

	if (at[0] >= 0xf0 && at[0] < 0xf5)
		length = 4;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

struct json_object *json_text(const char *text)
{
	if (!*text)
		return NULL;
	char *clean = strdup(text);
	if (!clean)
		return NULL;
	for (unsigned char *at = (unsigned char *)clean; *at;) {
		size_t length = sequence_length(at);
		if (length == 0)
			*at = '?';
		at += length ? length : 1;
	}
	struct json_object *json = json_object_new_string(clean);
	free(clean);
	return json;
}

struct json_object *json_time(int64_t wall_us)
{
	char text[TIME_ISO_BYTES];

	if (wall_us == 0)
		return NULL;
	time_format_iso((wall_t){wall_us}, text);
	return json_object_new_string(text);
}

struct json_object *json_thousandths(int64_t thousandths)
{
	char text[40];

	snprintf(text, sizeof(text), "%s%lld.%03lld", thousandths < 0 ? "-" : "", llabs(thousandths) / 1000,
		 llabs(thousandths) % 1000);
	return json_object_new_double_s((double)thousandths / 1000, text);
}

struct json_object *json_seconds(int64_t us)
{
	return json_thousandths(us / 1000);
}
