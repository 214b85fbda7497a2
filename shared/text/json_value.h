/* json_value.h - texts, times and numbers as JSON values. */
#ifndef SHARED_TEXT_JSON_VALUE_H
#define SHARED_TEXT_JSON_VALUE_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* True if the text is UTF-8 (RFC 3629). */
bool json_text_is_utf8(const char *text);

/*
 * A text from outside: from shared memory, a file or a request. Each byte that is not part of a UTF-8 character (RFC
 * 3629) becomes U+FFFD, so the result is valid JSON whatever the text was. Returns NULL if memory is short.
 */
struct json_object *json_string(const char *text);

/* The same, but returns NULL for an empty text, which json-c writes as null. */
struct json_object *json_string_or_null(const char *text);

/* ISO 8601 with offset and milliseconds. Returns NULL, which json-c writes as null, for 0. */
struct json_object *json_time(int64_t wall_us);

/* The same for a time that is always known, such as one that was asked for: 0 is 1970. */
struct json_object *json_known_time(int64_t wall_us);

/* Numbers that are written with exactly three decimals. */
struct json_object *json_seconds(int64_t us);
struct json_object *json_thousandths(int64_t thousandths);

#endif
