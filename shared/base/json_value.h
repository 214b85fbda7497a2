/*
 * json_value.h - values as JSON that people read has them.
 */
#ifndef SHARED_BASE_JSON_VALUE_H
#define SHARED_BASE_JSON_VALUE_H

#include <stdint.h>

struct json_object;

/*
 * A text from outside: shared memory, a file, a request. Each byte that belongs to no UTF-8 character (RFC 3629)
 * becomes U+FFFD, so that it is JSON whatever it was. NULL if there is no memory.
 */
struct json_object *json_string(const char *text);

/* The same, but an empty text is NULL, which json-c writes as null. */
struct json_object *json_string_or_null(const char *text);

/* ISO 8601 with offset and milliseconds; 0 is null. */
struct json_object *json_time(int64_t wall_us);

/* Numbers with three decimals, written as such. */
struct json_object *json_seconds(int64_t us);
struct json_object *json_thousandths(int64_t thousandths);

#endif
