/* time_parse.c - parses the times that clients send. */
#include "shared/text/time_text.h"

#include <string.h>
#include <time.h>

#define TEXT_MAX      64
#define FRACTION_MAX  9                      /* digits that are read; those after the microseconds are dropped */
#define NUMBER_CAP    INT64_C(1000000000000) /* out of range in every unit */
#define END_OF_TIME_S INT64_C(7289654400)    /* 2201-01-01T00:00:00Z */
#define DAY_S         INT64_C(86400)

struct cursor {
	const char *at, *end;
};

struct fields {
	int year, month, day, hour, minute, second;
	int64_t us;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

/* Takes one character that is in `set` and returns it, or returns 0. */
static char take_any(struct cursor *cursor, const char *set)
{
	if (at_end(cursor) || *cursor->at == '\0' || !strchr(set, *cursor->at))
		return 0;
	return *cursor->at++;
}

static bool take_digits(struct cursor *cursor, int digits, int *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++) {
		if (at_end(cursor) || !is_digit(*cursor->at))
			return false;
		*out = *out * 10 + (*cursor->at++ - '0');
	}
	return true;
}

/* Reads an optional decimal point and its digits, as microseconds. Without a point that is 0. */
static bool take_fraction(struct cursor *cursor, int64_t *us)
{
	int64_t unit_us = US_PER_S;
	int digits = 0;

	*us = 0;
	if (!take_any(cursor, "."))
		return true;
	for (; !at_end(cursor) && is_digit(*cursor->at); cursor->at++, digits++) {
		unit_us /= 10;
		*us += (*cursor->at - '0') * unit_us;
	}
	return digits >= 1 && digits <= FRACTION_MAX;
}

/* Reads a number with decimals, in millionths. Whole numbers above NUMBER_CAP count as NUMBER_CAP. */
static bool take_number(struct cursor *cursor, int64_t *whole, int64_t *millionths)
{
	if (at_end(cursor) || !is_digit(*cursor->at))
		return false;
	for (*whole = 0; !at_end(cursor) && is_digit(*cursor->at); cursor->at++)
		if (*whole < NUMBER_CAP)
			*whole = *whole * 10 + (*cursor->at - '0');
	if (*whole > NUMBER_CAP)
		*whole = NUMBER_CAP;
	return take_fraction(cursor, millionths);
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool fields_are_valid(const struct fields *fields)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (fields->month < 1 || fields->month > 12 || fields->day < 1)
		return false;
	if (fields->day > days[fields->month - 1] + (fields->month == 2 && is_leap(fields->year)))
		return false;
	return fields->hour <= 23 && fields->minute <= 59 && fields->second <= 59;
}

/* Seconds since the epoch, taking the fields for UTC. */
static int64_t fields_as_utc(const struct fields *fields)
{
	struct tm utc = {
		.tm_year = fields->year - 1900,
		.tm_mon = fields->month - 1,
		.tm_mday = fields->day,
		.tm_hour = fields->hour,
		.tm_min = fields->minute,
		.tm_sec = fields->second,
	};

	return (int64_t)timegm(&utc);
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
static enum time_status local_to_seconds(const struct fields *fields, enum time_side side, int64_t *seconds)
{
	int64_t as_utc = fields_as_utc(fields);
	int64_t before = as_utc - offset_at(as_utc - DAY_S);
	int64_t after = as_utc - offset_at(as_utc + DAY_S);
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

static enum time_status finish(int64_t seconds, int64_t us, struct time_point *out)
{
	if (seconds < 0 || seconds >= END_OF_TIME_S)
		return TIME_OUT_OF_RANGE;
	out->at.us = seconds * US_PER_S + us;
	return TIME_OK;
}

static enum time_status finish_local(const struct fields *fields, enum time_side side, struct time_point *out)
{
	int64_t seconds = 0;

	if (!fields_are_valid(fields))
		return TIME_INVALID_FIELD;
	enum time_status status = local_to_seconds(fields, side, &seconds);
	return status == TIME_OK ? finish(seconds, fields->us, out) : status;
}

/* YYYYMMDD_HHMMSS, YYYYMMDD_HHMMSS_mmm */
static enum time_status parse_compact(struct cursor cursor, enum time_side side, struct time_point *out)
{
	struct fields fields = {0};
	int ms = 0;

	if (!take_digits(&cursor, 4, &fields.year) || !take_digits(&cursor, 2, &fields.month) ||
	    !take_digits(&cursor, 2, &fields.day) || !take_any(&cursor, "_") ||
	    !take_digits(&cursor, 2, &fields.hour) || !take_digits(&cursor, 2, &fields.minute) ||
	    !take_digits(&cursor, 2, &fields.second))
		return TIME_MALFORMED;
	if (take_any(&cursor, "_") && !take_digits(&cursor, 3, &ms))
		return TIME_MALFORMED;
	if (!at_end(&cursor))
		return TIME_MALFORMED;
	fields.us = ms * US_PER_MS;
	return finish_local(&fields, side, out);
}

/* +02:00, +0200 or +02. The plus may have become a space. */
static bool take_offset(struct cursor *cursor, int64_t *offset_s)
{
	int hours, minutes = 0;
	char sign = take_any(cursor, "+- ");

	if (!sign || !take_digits(cursor, 2, &hours))
		return false;
	bool colon = take_any(cursor, ":") != 0;
	if ((colon || !at_end(cursor)) && !take_digits(cursor, 2, &minutes))
		return false;
	*offset_s = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
	return hours <= 23 && minutes <= 59;
}

static enum time_status parse_iso(struct cursor cursor, enum time_side side, struct time_point *out)
{
	struct fields fields = {0};
	int64_t offset_s = 0;

	if (!take_digits(&cursor, 4, &fields.year) || !take_any(&cursor, "-") ||
	    !take_digits(&cursor, 2, &fields.month) || !take_any(&cursor, "-") ||
	    !take_digits(&cursor, 2, &fields.day) || !take_any(&cursor, "Tt ") ||
	    !take_digits(&cursor, 2, &fields.hour) || !take_any(&cursor, ":") ||
	    !take_digits(&cursor, 2, &fields.minute) || !take_any(&cursor, ":") ||
	    !take_digits(&cursor, 2, &fields.second) || !take_fraction(&cursor, &fields.us))
		return TIME_MALFORMED;
	if (at_end(&cursor))
		return finish_local(&fields, side, out);
	if (!take_any(&cursor, "Zz") && !take_offset(&cursor, &offset_s))
		return TIME_MALFORMED;
	if (!at_end(&cursor))
		return TIME_MALFORMED;
	if (!fields_are_valid(&fields))
		return TIME_INVALID_FIELD;
	return finish(fields_as_utc(&fields) - offset_s, fields.us, out);
}

/* A date alone would pass as a second of 1970, so a whole number of eight digits is refused. */
static enum time_status parse_epoch(struct cursor cursor, struct time_point *out)
{
	int64_t seconds, us;
	bool date_alone = cursor.end - cursor.at == 8 && !memchr(cursor.at, '.', 8);

	if (date_alone || !take_number(&cursor, &seconds, &us) || !at_end(&cursor))
		return TIME_MALFORMED;
	return finish(seconds, us, out);
}

/* Returns 0 for an unknown unit. */
static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return DAY_S;
	default:
		return 0;
	}
}

/* A number and its unit, at most END_OF_TIME_S. With `bare`, seconds need no unit. */
static enum time_status parse_length(struct cursor cursor, bool bare, int64_t *out_us)
{
	int64_t whole, millionths;

	if (!take_number(&cursor, &whole, &millionths))
		return TIME_MALFORMED;
	int64_t unit_s = unit_seconds(at_end(&cursor) && bare ? 's' : take_any(&cursor, "smhd"));
	if (unit_s == 0 || !at_end(&cursor))
		return TIME_MALFORMED;
	if (whole > END_OF_TIME_S / unit_s)
		return TIME_OUT_OF_RANGE;
	*out_us = (whole * US_PER_S + millionths) * unit_s;
	return TIME_OK;
}

static enum time_status parse_relative(struct cursor cursor, wall_t now, struct time_point *out)
{
	int64_t back_us;

	cursor.at++;
	enum time_status status = parse_length(cursor, false, &back_us);
	if (status != TIME_OK)
		return status;
	out->at.us = time_floor_second(now).us - back_us;
	out->relative = true;
	return out->at.us < 0 ? TIME_OUT_OF_RANGE : TIME_OK;
}

enum time_status time_parse(const char *text, size_t length, enum time_side side, wall_t now, struct time_point *out)
{
	*out = (struct time_point){0};
	if (length < 1 || length > TEXT_MAX)
		return TIME_MALFORMED;
	struct cursor cursor = {text, text + length};
	if (length == 3 && memcmp(text, "now", 3) == 0) {
		*out = (struct time_point){.at = now, .relative = true, .is_now = true};
		return TIME_OK;
	}
	if (text[0] == '-')
		return parse_relative(cursor, now, out);
	if (length > 4 && text[4] == '-')
		return parse_iso(cursor, side, out);
	if (length > 8 && text[8] == '_')
		return parse_compact(cursor, side, out);
	return parse_epoch(cursor, out);
}

enum time_status time_parse_duration(const char *text, size_t length, int64_t *out_us)
{
	if (length < 1 || length > TEXT_MAX)
		return TIME_MALFORMED;
	struct cursor cursor = {text, text + length};
	enum time_status status = parse_length(cursor, true, out_us);
	return status == TIME_OK && *out_us == 0 ? TIME_MALFORMED : status;
}

const char *time_status_message(enum time_status status)
{
	switch (status) {
	case TIME_OK:
		return "This is a valid time.";
	case TIME_INVALID_FIELD:
		return "This date or time of day does not exist: the month, day, hour, minute or second is out of "
		       "range.";
	case TIME_SKIPPED_HOUR:
		return "This local time does not exist: the clocks skipped it when they went forward. Ask for an hour "
		       "later, or give the UTC offset, as in 2026-05-17T10:23:00+02:00.";
	case TIME_OUT_OF_RANGE:
		return "This time is before 1970 or after 2200. Check the year, and count seconds, not milliseconds.";
	case TIME_MALFORMED:
		break;
	}
	return "This is not a time. Expected YYYYMMDD_HHMMSS (local time), 2026-05-17T10:23:00 (local time, or "
	       "followed by Z or an offset such as +02:00), seconds since 1970, now, or -90s, -5m, -2h, -1d.";
}
