/*
 * week_hours.h - hours of the week, as people write them: `mon-fri 19:00-07:00, sat-sun`.
 *
 * A text is a list of entries, divided by commas. An entry is days, times of day, or days and then times, divided by
 * blanks:
 *
 *   days    mon, tue, wed, thu, fri, sat or sun, in any case, or two of them with a hyphen. fri-mon goes across the end
 *           of the week. An entry without days means every day
 *   times   HH:MM-HH:MM. The first minute is inside, the last one is not. An entry without times means whole days. If
 *           the end is not after the beginning, it is on the next day: fri 19:00-07:00 lasts until Saturday, 07:00.
 *           24:00 is the end of a day, and no beginning. Two equal times are refused: an hour of no length or a whole
 *           day could be meant
 *
 * What any entry contains is inside; entries may overlap. A day that no entry names is outside, except for what a night
 * before it leaves over. An empty text is refused.
 *
 * Whether a moment is inside is decided by what a clock on the wall shows (localtime_r(3)). Both passes of the hour
 * that autumn repeats are inside, or both are not. The hour that spring skips is shown by no clock: hours that begin in it
 * begin when it is over, and hours that are within it do not happen on that day.
 */
#ifndef SHARED_TEXT_WEEK_HOURS_H
#define SHARED_TEXT_WEEK_HOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"

#define WEEK_MINUTES (7 * 24 * 60)

struct week_hours {
	uint8_t minutes[WEEK_MINUTES / 8]; /* bit m % 8 of byte m / 8: minute m of the week, from Monday, 00:00 */
};

/* Returns false and sets *why, which says what is wrong with which part of the text. */
bool week_hours_parse(const char *text, struct week_hours *out, struct reason *why);

/* By local time. Follows TZ as localtime_r() does; after a change of TZ, call tzset(). */
bool week_hours_contain(const struct week_hours *hours, wall_t at);

/* When that changes next after `at`, to the minute; 0 if it never does. */
wall_t week_hours_next_change(const struct week_hours *hours, wall_t at);

#endif
