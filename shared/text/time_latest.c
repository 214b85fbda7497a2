/* time_latest.c - which moment days and times of day mean: the latest one, unless they say which. */
#include "shared/text/time_parse_internal.h"

#define NOON           12
#define YEARS_BACK_MAX 8 /* between two 29ths of February */

/* The hours from which and until which a part of a day lasts; beyond 24, those of the next day. */
static const struct hours {
	int from, to;
} part_hours[] = {
	[TIME_NO_PART] = {0, 24},  [TIME_MORNING] = {6, 12}, [TIME_AFTERNOON] = {12, 18},
	[TIME_EVENING] = {18, 24}, [TIME_NIGHT] = {19, 31},
};

static struct time_fields at_hour(const struct time_fields *day, int hour)
{
	struct time_fields at = time_fields_add_days(day, hour / 24);

	at.hour = hour % 24;
	at.minute = at.second = 0;
	at.us = 0;
	return at;
}

/* The date of one with the time of day of the other. */
static struct time_fields with_clock(const struct time_fields *day, const struct time_fields *clock)
{
	struct time_fields at = *clock;

	at.year = day->year;
	at.month = day->month;
	at.day = day->day;
	return at;
}

/* --- one day --- */

/* The beginning or the end of a day, or of a part of it. */
static enum time_status resolve_period(const struct time_fields *day, enum time_part part, enum time_side side,
				       struct time_point *out)
{
	struct time_fields at = at_hour(day, side == TIME_FROM ? part_hours[part].from : part_hours[part].to);

	return time_finish(time_fields_boundary(&at), 0, out);
}

static enum time_status resolve_clock(const struct time_fields *at, enum time_side side, struct time_point *out)
{
	int64_t seconds = 0;

	if (!time_fields_are_valid(at))
		return TIME_INVALID_FIELD;
	enum time_status status = time_fields_to_seconds(at, side, &seconds);
	return status == TIME_OK ? time_finish(seconds, at->us, out) : status;
}

/* A time of day in the night that begins on `day`. Others than those of the night could be meant in two ways. */
static enum time_status resolve_in_night(const struct time_fields *day, const struct time_fields *clock,
					 enum time_side side, struct time_point *out)
{
	struct time_fields at = with_clock(day, clock);

	if (!time_fields_are_valid(&at))
		return TIME_INVALID_FIELD;
	if (at.hour < part_hours[TIME_NIGHT].from && at.hour >= part_hours[TIME_NIGHT].to - 24)
		return TIME_AMBIGUOUS;
	if (at.hour < NOON)
		at = time_fields_add_days(&at, 1);
	return resolve_clock(&at, side, out);
}

/* The moment that the phrase means if it is about that day. */
static enum time_status resolve_on(const struct time_phrase *phrase, const struct time_fields *day, enum time_side side,
				   struct time_point *out)
{
	struct time_fields at = with_clock(day, &phrase->at);

	if (phrase->has_clock && phrase->part == TIME_NIGHT)
		return resolve_in_night(day, &phrase->at, side, out);
	if (phrase->has_clock)
		return resolve_clock(&at, side, out);
	return resolve_period(day, phrase->part, side, out);
}

/* --- which day --- */

static struct time_fields today(wall_t now)
{
	struct time_fields date = time_fields_of(time_floor_second(now).us / US_PER_S);

	date.hour = date.minute = date.second = 0;
	return date;
}

/* Whether what the phrase means on that day has begun. A skipped time counts from when the clocks skipped it. */
static bool has_begun(const struct time_phrase *phrase, const struct time_fields *day, wall_t now)
{
	struct time_point begin = {0};
	enum time_status status = resolve_on(phrase, day, TIME_FROM, &begin);

	if (status == TIME_SKIPPED_HOUR) {
		struct time_fields at = with_clock(day, &phrase->at);
		begin.at.us = time_fields_boundary(&at) * US_PER_S;
	}
	return begin.at.us <= now.us;
}

/* Of the two passes of a repeated hour, the end is the second one, unless that is still to come. */
static enum time_status resolve_latest(const struct time_phrase *phrase, const struct time_fields *day,
				       enum time_side side, wall_t now, struct time_point *out)
{
	struct time_point first;
	enum time_status status = resolve_on(phrase, day, side, out);

	if (status == TIME_OK && phrase->has_clock && out->at.us > now.us &&
	    resolve_on(phrase, day, TIME_FROM, &first) == TIME_OK && first.at.us <= now.us)
		*out = first;
	return status;
}

/* The latest day that is `step` days apart from others, `day` or an earlier one. */
static enum time_status resolve_stepwise(const struct time_phrase *phrase, struct time_fields day, int step,
					 enum time_side side, wall_t now, struct time_point *out)
{
	if (!has_begun(phrase, &day, now))
		day = time_fields_add_days(&day, -step);
	return resolve_latest(phrase, &day, side, now, out);
}

static enum time_status resolve_weekday(const struct time_phrase *phrase, enum time_side side, wall_t now,
					struct time_point *out)
{
	struct time_fields day = today(now);
	int back = (time_fields_weekday(&day) + 7 - phrase->weekday) % 7;

	if (back == 0 && phrase->before_today)
		back = 7;
	day = time_fields_add_days(&day, -back);
	return resolve_stepwise(phrase, day, 7, side, now, out);
}

static bool is_wrong_weekday(const struct time_phrase *phrase, const struct time_fields *day)
{
	return phrase->weekday >= 0 && time_fields_weekday(day) != phrase->weekday;
}

static enum time_status resolve_day_and_month(const struct time_phrase *phrase, enum time_side side, wall_t now,
					      struct time_point *out)
{
	struct time_fields day = phrase->at, midnight;
	int year = today(now).year;

	for (day.year = year; day.year > year - YEARS_BACK_MAX; day.year--) {
		midnight = at_hour(&day, 0);
		if (midnight.month != day.month || !time_fields_are_valid(&midnight))
			continue; /* 29 February, or there is no such day at all */
		if (!has_begun(phrase, &midnight, now))
			continue;
		if (is_wrong_weekday(phrase, &midnight))
			return TIME_INVALID_FIELD;
		return resolve_latest(phrase, &midnight, side, now, out);
	}
	return TIME_INVALID_FIELD;
}

static enum time_status resolve_date(const struct time_phrase *phrase, enum time_side side, struct time_point *out)
{
	struct time_fields date = phrase->at;

	if (!time_fields_are_valid(&date) || is_wrong_weekday(phrase, &date))
		return TIME_INVALID_FIELD;
	if (phrase->has_offset)
		return time_finish(time_fields_as_utc(&date) - phrase->offset_s, date.us, out);
	return resolve_on(phrase, &date, side, out);
}

/* A time of day alone as the end of a range: on the day on which that begins, or on the next one. */
static enum time_status resolve_after(const struct time_phrase *phrase, wall_t from, struct time_point *out)
{
	struct time_fields day = today(from);
	enum time_status status = resolve_on(phrase, &day, TIME_TO, out);

	if (status == TIME_OK ? out->at.us > from.us : !has_begun(phrase, &day, from))
		return status;
	day = time_fields_add_days(&day, 1);
	return resolve_on(phrase, &day, TIME_TO, out);
}

enum time_status time_phrase_resolve(const struct time_phrase *phrase, enum time_side side, const wall_t *from,
				     wall_t now, struct time_point *out)
{
	struct time_fields day = today(now);

	if (phrase->day == TIME_DATE)
		return resolve_date(phrase, side, out);
	if (phrase->day == TIME_NO_DAY && from)
		return resolve_after(phrase, *from, out);
	out->relative = true;
	switch (phrase->day) {
	case TIME_YESTERDAY:
		day = time_fields_add_days(&day, -1);
		return resolve_on(phrase, &day, side, out);
	case TIME_TODAY:
		return resolve_on(phrase, &day, side, out);
	case TIME_WEEKDAY:
		return resolve_weekday(phrase, side, now, out);
	case TIME_DAY_AND_MONTH:
		return resolve_day_and_month(phrase, side, now, out);
	default:
		return resolve_stepwise(phrase, day, 1, side, now, out);
	}
}
