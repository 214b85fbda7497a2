/*
 * json_value.h - values as JSON that people read has them.
 */
#ifndef SHARED_BASE_JSON_VALUE_H
#define SHARED_BASE_JSON_VALUE_H

#include <stdint.h>

struct json_object;

/* A text from shared memory or a file: what is not UTF-8 is replaced. Empty is null. */
struct json_object *json_text(const char *text);

/* ISO 8601 with offset and milliseconds; 0 is null. */
struct json_object *json_time(int64_t wall_us);

/* Numbers with three decimals, written as such. */
struct json_object *json_seconds(int64_t us);
struct json_object *json_thousandths(int64_t thousandths);

#endif
