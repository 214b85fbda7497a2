/* time_fields.c - local dates and times of day as numbers. */
#include <time.h>

#include "shared/text/time_parse_internal.h"

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool time_fields_are_valid(const struct time_fields *fields)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (fields->month < 1 || fields->month > 12 || fields->day < 1)
		return false;
	if (fields->day > days[fields->month - 1] + (fields->month == 2 && is_leap(fields->year)))
		return false;
	return fields->hour <= 23 && fields->minute <= 59 && fields->second <= 59;
}

static struct tm as_tm(const struct time_fields *fields)
{
	return (struct tm){
		.tm_year = fields->year - 1900,
		.tm_mon = fields->month - 1,
		.tm_mday = fields->day,
		.tm_hour = fields->hour,
		.tm_min = fields->minute,
		.tm_sec = fields->second,
	};
}

static struct time_fields from_tm(const struct tm *tm)
{
	return (struct time_fields){.year = tm->tm_year + 1900,
				    .month = tm->tm_mon + 1,
				    .day = tm->tm_mday,
				    .hour = tm->tm_hour,
				    .minute = tm->tm_min,
				    .second = tm->tm_sec};
}

int64_t time_fields_as_utc(const struct time_fields *fields)
{
	struct tm utc = as_tm(fields);

	return (int64_t)timegm(&utc);
}

struct time_fields time_fields_of(int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm local = {0};

	localtime_r(&at, &local);
	return from_tm(&local);
}

/* timegm() writes the date that it means back into its argument, and its day of the week. */
struct time_fields time_fields_add_days(const struct time_fields *fields, int days)
{
	struct tm utc = as_tm(fields);

	utc.tm_mday += days;
	timegm(&utc);
	struct time_fields moved = from_tm(&utc);
	moved.us = fields->us;
	return moved;
}

int time_fields_weekday(const struct time_fields *fields)
{
	struct tm utc = as_tm(fields);

	timegm(&utc);
	return utc.tm_wday;
}

static int64_t offset_at(int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm local = {0};

	localtime_r(&at, &local);
	return local.tm_gmtoff;
}

/*
 * Local time is UTC plus the offset at that moment, which can only be the offset of the day before or of the day after.
 * If both fit, the hour is repeated; if neither does, it was skipped.
 */
enum time_status time_fields_to_seconds(const struct time_fields *fields, enum time_side side, int64_t *seconds)
{
	int64_t as_utc = time_fields_as_utc(fields);
	int64_t before = as_utc - offset_at(as_utc - TIME_DAY_S);
	int64_t after = as_utc - offset_at(as_utc + TIME_DAY_S);
	bool before_fits = before + offset_at(before) == as_utc;
	bool after_fits = after + offset_at(after) == as_utc;

	if (!before_fits && !after_fits)
		return TIME_SKIPPED_HOUR;
	if (before_fits && after_fits)
		*seconds = (side == TIME_FROM) == (before < after) ? before : after;
	else
		*seconds = before_fits ? before : after;
	return TIME_OK;
}

/* The clocks went forward between the two candidates, by as much as these differ. */
int64_t time_fields_boundary(const struct time_fields *fields)
{
	int64_t seconds = 0, as_utc = time_fields_as_utc(fields);

	if (time_fields_to_seconds(fields, TIME_FROM, &seconds) == TIME_OK)
		return seconds;
	int64_t low = as_utc - offset_at(as_utc + TIME_DAY_S), high = as_utc - offset_at(as_utc - TIME_DAY_S);
	int64_t new_offset = offset_at(high);
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (offset_at(middle) == new_offset)
			high = middle;
		else
			low = middle;
	}
	return high;
}

enum time_status time_finish(int64_t seconds, int64_t us, struct time_point *out)
{
	if (seconds < 0 || seconds >= TIME_END_S)
		return TIME_OUT_OF_RANGE;
	out->at.us = seconds * US_PER_S + us;
	return TIME_OK;
}
