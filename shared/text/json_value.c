/* json_value.c - texts, times and numbers as JSON values (RFC 8259). */
#include "shared/text/json_value.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/buffer.h"
#include "shared/text/time_text.h"

/* U+FFFD REPLACEMENT CHARACTER */
#define REPLACEMENT "\xef\xbf\xbd"

/*
 * Length of the UTF-8 sequence at `at`, a NUL-terminated text, or 0 if there is none. The table has the well-formed
 * sequences of RFC 3629, section 4: no overlong forms, no surrogates (U+D800 to U+DFFF), nothing above U+10FFFF.
 */
static size_t sequence_length(const uint8_t *at)
{
	static const struct {
		uint8_t low, high, second_low, second_high;
		size_t length;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	if (at[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (at[0] < forms[i].low || at[0] > forms[i].high)
			continue;
		if (at[1] < forms[i].second_low || at[1] > forms[i].second_high)
			return 0;
		for (size_t j = 2; j < forms[i].length; j++)
			if ((at[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

bool json_text_is_utf8(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;

	for (size_t length; *at && (length = sequence_length(at)) > 0;)
		at += length;
	return *at == '\0';
}

struct json_object *json_string(const char *text)
{
	struct json_object *json = NULL;
	struct buffer clean = {0};

	for (const uint8_t *at = (const uint8_t *)text; *at;) {
		size_t length = sequence_length(at);
		if (length > 0)
			buffer_append(&clean, at, length);
		else
			buffer_append(&clean, REPLACEMENT, strlen(REPLACEMENT));
		at += length > 0 ? length : 1;
	}
	if (!clean.failed && clean.length < INT_MAX)
		json = json_object_new_string_len(clean.length > 0 ? (const char *)clean.data : "", (int)clean.length);
	buffer_free(&clean);
	return json;
}

struct json_object *json_string_or_null(const char *text)
{
	return *text ? json_string(text) : NULL;
}

struct json_object *json_known_time(int64_t wall_us)
{
	char text[TIME_ISO_BYTES];

	time_format_iso((wall_t){wall_us}, text);
	return json_object_new_string(text);
}

struct json_object *json_time(int64_t wall_us)
{
	return wall_us == 0 ? NULL : json_known_time(wall_us);
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
