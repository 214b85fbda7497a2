/*
 * time_text.h - parses and formats the forms in which people write times.
 *
 * These forms are read:
 *
 *   YYYYMMDD_HHMMSS, YYYYMMDD_HHMMSS_mmm   local time
 *   2026-05-17T10:23:00.123+02:00          ISO 8601. The fraction has up to nine digits and is floored to microseconds.
 *                                          The offset is Z, +02:00, +0200, +02, or missing for local time. The T may be
 *                                          a space, and so may the plus, which is what URL decoding makes of it.
 *   1779006180.25                          seconds since 1970; eight digits alone are refused as half a timestamp
 *   now, -90s, -5m, -2h, -1d               counted back from `now`, floored to the second
 *
 * Local time follows TZ as localtime_r() does; after a change of TZ, call tzset().
 *
 * In the hour that autumn repeats, a `from` means the first one and a `to` the second. A time in the hour that spring
 * skips does not exist.
 */
#ifndef SHARED_TEXT_TIME_TEXT_H
#define SHARED_TEXT_TIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

enum time_status {
	TIME_OK,
	TIME_MALFORMED,     /* not one of the forms, or half a timestamp */
	TIME_INVALID_FIELD, /* out of range: 30 February, hour 25, second 60 */
	TIME_SKIPPED_HOUR,  /* a local time that does not exist on that day */
	TIME_OUT_OF_RANGE,  /* before 1970 or after 2200 */
};

enum time_side { TIME_FROM, TIME_TO };

struct time_point {
	wall_t at;
	bool relative; /* `now`, or counted from now: a later request means another time */
	bool is_now;   /* exactly `now` */
};

/* Depends on nothing but its arguments and TZ. `text` needs no terminator. */
enum time_status time_parse(const char *text, size_t length, enum time_side side, wall_t now, struct time_point *out);

/* `18`, `18s`, `1.5`, `5m`, `2h`, `1d`: a positive duration in microseconds. */
enum time_status time_parse_duration(const char *text, size_t length, int64_t *out_us);

/* One plain sentence for a client: what is wrong and what is expected. */
const char *time_status_message(enum time_status status);

#define TIME_COMPACT_BYTES 24 /* 20260517_102300 */
#define TIME_ISO_BYTES     40 /* 2026-05-17T10:23:00.123+02:00 */
#define TIME_WORDS_BYTES   24 /* 10:23:05, or 2026-05-17 10:23:05 */

void time_format_compact(wall_t at, char out[TIME_COMPACT_BYTES]); /* YYYYMMDD_HHMMSS, local, floored */
void time_format_iso(wall_t at, char out[TIME_ISO_BYTES]);         /* local with offset, milliseconds, floored */
void time_format_iso_us(wall_t at, char out[TIME_ISO_BYTES]);      /* the same with microseconds: exact */

/* As people say it, local and floored: the time of day, after the date if that is not the one of `now`. */
void time_format_words(wall_t at, wall_t now, char out[TIME_WORDS_BYTES]);

int32_t time_utc_offset_s(wall_t at); /* east positive */
wall_t time_floor_second(wall_t at);

#endif
