/*
 * time_text.h - parses and formats the forms in which people write times.
 *
 * There is one grammar for all requests and for the page (www/time-parse.js); tests/phrases/times.tsv has examples of
 * all of it, which both have to read alike. Upper and lower case are the same, and blanks at both ends do not count.
 *
 *   now, -90s, -5m, -2h, -1d               counted back from `now`, floored to the second
 *   10 minutes ago, 2h ago, an hour ago    the same. s, sec, second; m, min, minute; h, hr, hour; d, day; w, week; with or
 *                                          without a plural s. A day is 24 hours here.
 *   1779006180.25                          seconds since 1970. Eight digits alone are refused as half a timestamp, and
 *                                          17.30 as a date or a time of day.
 *   DAY, CLOCK, DAY CLOCK, CLOCK DAY       local time; a blank, a comma, `at` or `on` between the two
 *   PART                                   a part of a day
 *
 *   DAY    2026-11-28, 2026/11/28, 28.11.2026, 28.11.26, 28 Nov 2026, November 28th, 2026; 28.11., 28 Nov: the latest one;
 *          with or without the day of the week before it, which then has to be right
 *          today, yesterday
 *          sun, Sunday: the latest one, which may be today; last Sunday: one before today
 *          20261128, if a CLOCK follows
 *   CLOCK  10:23, 10:23:05, 10:23:05.123456789 (floored to microseconds), 3:17 am, 3 pm, noon, midnight. Alone, the
 *          latest one.
 *          After a DAY in digits also 1023 and 102305, and T or _ may be between the two:
 *          2026-11-28T10:23:05, 20261128_102305, 20261128_102305_123, 20261128102305
 *          An offset from UTC may follow if the DAY has a year: Z, UTC, +02:00, +0200, +02. The plus may be a blank,
 *          which is what URL decoding makes of it.
 *   PART   this morning (06:00 to 12:00), this afternoon (12:00 to 18:00), this evening (18:00 to 24:00), tonight (19:00
 *          to 07:00), last night (the one that began yesterday); yesterday evening, Sunday night, …
 *          last night 3:17: the time of day in that night
 *
 * What names a period (a DAY alone, a PART) is its beginning as a `from` and its end as a `to`.
 *
 * "Latest" means in the past: "Sunday 3:17" is today's 3:17 on a Sunday at 10:00, and last week's on a Sunday at 2:00.
 * But the end of a range that begins at a known time is, if it is a CLOCK alone, the first one after the beginning.
 *
 * Local time follows TZ as localtime_r() does; after a change of TZ, call tzset().
 *
 * In the hour that autumn repeats, a `from` means the first one and a `to` the second. A time in the hour that spring
 * skips does not exist; a day whose first hour is skipped begins after that.
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
	TIME_AMBIGUOUS,     /* 11/28/2026, 17.30: it can be read in two ways */
	TIME_INVALID_FIELD, /* out of range: 30 February, hour 25, second 60; or another day of the week */
	TIME_SKIPPED_HOUR,  /* a local time that does not exist on that day */
	TIME_OUT_OF_RANGE,  /* before 1970 or after 2200 */
};

enum time_side { TIME_FROM, TIME_TO };

struct time_point {
	wall_t at;
	bool relative; /* it depends on now: a later request means another time */
	bool is_now;   /* exactly `now` */
};

/* Depends on nothing but its arguments and TZ. `text` needs no terminator. */
enum time_status time_parse(const char *text, size_t length, enum time_side side, wall_t now, struct time_point *out);

/*
 * The end of a range that begins at `from`: a TIME_TO, of which a time of day alone is the first one after `from`, and
 * then no more relative than that.
 */
enum time_status time_parse_end(const char *text, size_t length, wall_t from, wall_t now, struct time_point *out);

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
