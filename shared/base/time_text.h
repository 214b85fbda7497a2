/*
 * time_text.h - the forms in which people write times, in both directions.
 *
 * Read: `YYYYMMDD_HHMMSS` and `YYYYMMDD_HHMMSS_mmm` (local), ISO 8601 (`2026-05-17T10:23:00`, `.fff` with up to nine
 * digits, floored to microseconds, `Z`, `+02:00`, `+0200`, `+02`, none = local; a space may stand for the T, and a
 * space before an offset is a plus that was URL-decoded), seconds since the epoch (with decimals; but eight digits
 * alone are half a time stamp), `now`, and `-90s`, `-5m`, `-2h`, `-1d`, which count from `now` floored to the second.
 * Local times follow TZ by way of localtime_r; who changes TZ calls tzset.
 *
 * The hour that autumn repeats: `from` means the first, `to` the second. The hour that spring leaves out is no time.
 */
#ifndef SHARED_BASE_TIME_TEXT_H
#define SHARED_BASE_TIME_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

enum time_status {
	TIME_OK,
	TIME_MALFORMED,     /* no known form, or half a time stamp */
	TIME_INVALID_FIELD, /* a field out of range: 30 February, 25 o'clock, second 60 */
	TIME_SKIPPED_HOUR,  /* a local time that does not exist on that day */
	TIME_OUT_OF_RANGE,  /* a time, but before 1970 or after 2200 */
};

enum time_side { TIME_FROM, TIME_TO };

struct time_point {
	wall_t at;
	bool relative; /* `now` or counted from now: moves between two requests */
	bool is_now;   /* exactly `now` */
};

/* Pure but for TZ. `text` needs no terminator within `length`. */
enum time_status time_parse(const char *text, size_t length, enum time_side side, wall_t now, struct time_point *out);

/* `18`, `18s`, `1.5`, `5m`, `2h`, `1d`: a positive duration in microseconds. */
enum time_status time_parse_duration(const char *text, size_t length, int64_t *out_us);

/* One plain sentence for a client: what was wrong with it and what would be right. */
const char *time_status_message(enum time_status status);

#define TIME_COMPACT_BYTES 24 /* 20260517_102300 */
#define TIME_ISO_BYTES     40 /* 2026-05-17T10:23:00.123+02:00 */

void time_format_compact(wall_t at, char out[TIME_COMPACT_BYTES]); /* YYYYMMDD_HHMMSS, local, floored */
void time_format_iso(wall_t at, char out[TIME_ISO_BYTES]);         /* local with offset, milliseconds, floored */
void time_format_iso_us(wall_t at, char out[TIME_ISO_BYTES]);      /* the same with microseconds: exact */

int32_t time_utc_offset_s(wall_t at); /* east positive */
wall_t time_floor_second(wall_t at);

#endif
