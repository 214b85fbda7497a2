/* time_parse.c - parses the times that clients send. */
#include <string.h>

#include "shared/text/time_parse_internal.h"

#define TEXT_MAX     64
#define NUMBER_CAP   INT64_C(1000000000000) /* out of range in every unit */
#define DATE_DIGITS  8                      /* 20260517 */
#define CLOCK_DIGITS 2                      /* at most, on either side of the point of 17.30 */

/* Reads a number with decimals, in millionths. Whole numbers above NUMBER_CAP count as NUMBER_CAP. */
static bool take_decimal(struct time_cursor *cursor, int64_t *whole, int64_t *millionths)
{
	if (time_count_digits(cursor) == 0)
		return false;
	for (*whole = 0; !time_at_end(cursor) && time_is_digit(*cursor->at); cursor->at++)
		if (*whole < NUMBER_CAP)
			*whole = *whole * 10 + (*cursor->at - '0');
	if (*whole > NUMBER_CAP)
		*whole = NUMBER_CAP;
	return time_take_fraction(cursor, millionths);
}

/* --- seconds since 1970 --- */

static bool is_number(struct time_cursor cursor)
{
	int64_t whole, millionths;

	return take_decimal(&cursor, &whole, &millionths) && time_at_end(&cursor);
}

/* 202605171023 and 20260517102300 would be seconds of years far away. */
static bool is_digits_of_date(const struct time_cursor *cursor)
{
	int digits = time_count_digits(cursor);

	return *cursor->at != '0' && cursor->at + digits == cursor->end &&
	       (digits == DATE_DIGITS + 4 || digits == DATE_DIGITS + 6);
}

static enum time_status parse_epoch(struct time_cursor cursor, struct time_point *out)
{
	int64_t seconds = 0, us = 0;
	int digits = time_count_digits(&cursor);
	int decimals = (int)(cursor.end - cursor.at) - digits - 1;

	if (digits == DATE_DIGITS && decimals < 0)
		return TIME_MALFORMED;
	if (digits <= CLOCK_DIGITS && decimals > 0 && decimals <= CLOCK_DIGITS)
		return TIME_AMBIGUOUS;
	take_decimal(&cursor, &seconds, &us);
	return time_finish(seconds, us, out);
}

/* --- lengths, and times counted back from now --- */

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
		return TIME_DAY_S;
	default:
		return 0;
	}
}

static enum time_status make_length(int64_t whole, int64_t millionths, int64_t unit_s, int64_t *out_us)
{
	if (whole > TIME_END_S / unit_s)
		return TIME_OUT_OF_RANGE;
	*out_us = (whole * US_PER_S + millionths) * unit_s;
	return TIME_OK;
}

/* A number and its unit, at most TIME_END_S. With `bare`, seconds need no unit. */
static enum time_status parse_length(struct time_cursor cursor, bool bare, int64_t *out_us)
{
	int64_t whole, millionths;

	if (!take_decimal(&cursor, &whole, &millionths))
		return TIME_MALFORMED;
	int64_t unit_s = unit_seconds(time_at_end(&cursor) && bare ? 's' : time_take_any(&cursor, "smhd"));
	if (unit_s == 0 || !time_at_end(&cursor))
		return TIME_MALFORMED;
	return make_length(whole, millionths, unit_s, out_us);
}

/* Returns 0 for an unknown unit. */
static int64_t take_unit(struct time_cursor *cursor)
{
	static const struct unit {
		const char *name;
		int64_t seconds;
	} units[] = {
		{"s", 1},         {"sec", 1},          {"secs", 1},
		{"second", 1},    {"seconds", 1},      {"m", 60},
		{"min", 60},      {"mins", 60},        {"minute", 60},
		{"minutes", 60},  {"h", 3600},         {"hr", 3600},
		{"hrs", 3600},    {"hour", 3600},      {"hours", 3600},
		{"d", 86400},     {"day", 86400},      {"days", 86400},
		{"w", 7 * 86400}, {"week", 7 * 86400}, {"weeks", 7 * 86400},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (time_take_word(cursor, units[i].name))
			return units[i].seconds;
	return 0;
}

/* 10 minutes ago, 1.5h ago, an hour ago, half an hour ago. Returns false if it is none of these. */
static bool is_ago(struct time_cursor cursor, enum time_status *status, int64_t *back_us)
{
	int64_t whole = 1, millionths = 0;

	if (time_take_word(&cursor, "half an")) {
		whole = 0;
		millionths = US_PER_S / 2;
	} else if (!time_take_word(&cursor, "a") && !time_take_word(&cursor, "an") &&
		   !take_decimal(&cursor, &whole, &millionths)) {
		return false;
	}
	time_take_any(&cursor, " ");
	int64_t unit_s = take_unit(&cursor);
	if (unit_s == 0 || !time_take_any(&cursor, " ") || !time_take_word(&cursor, "ago") || !time_at_end(&cursor))
		return false;
	*status = make_length(whole, millionths, unit_s, back_us);
	return true;
}

static enum time_status count_back(enum time_status status, int64_t back_us, wall_t now, struct time_point *out)
{
	if (status != TIME_OK)
		return status;
	out->at.us = time_floor_second(now).us - back_us;
	out->relative = true;
	return out->at.us < 0 ? TIME_OUT_OF_RANGE : TIME_OK;
}

/* --- all forms --- */

/* Copies the text in lower case, without blanks at its ends, and with one blank instead of several. */
static struct time_cursor fold(const char *text, size_t length, char out[TEXT_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		bool blank = text[i] == ' ' || text[i] == '\t';
		if (blank && (used == 0 || out[used - 1] == ' '))
			continue;
		out[used++] = blank ? ' ' : text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];
	}
	used -= used > 0 && out[used - 1] == ' ';
	return (struct time_cursor){out, out + used};
}

/* from: where the range begins whose end this is, or NULL. */
static enum time_status parse(const char *text, size_t length, enum time_side side, const wall_t *from, wall_t now,
			      struct time_point *out)
{
	char folded[TEXT_MAX];
	enum time_status status;
	struct time_phrase phrase;
	int64_t back_us = 0;

	*out = (struct time_point){0};
	if (length < 1 || length > TEXT_MAX)
		return TIME_MALFORMED;
	struct time_cursor cursor = fold(text, length, folded);
	if (time_at_end(&cursor))
		return TIME_MALFORMED;
	if (cursor.end - cursor.at == 3 && time_take_word(&cursor, "now")) {
		*out = (struct time_point){.at = now, .relative = true, .is_now = true};
		return TIME_OK;
	}
	if (*cursor.at == '-') {
		cursor.at++;
		status = parse_length(cursor, false, &back_us);
		return count_back(status, back_us, now, out);
	}
	if (is_number(cursor) && !is_digits_of_date(&cursor))
		return parse_epoch(cursor, out);
	if (is_ago(cursor, &status, &back_us))
		return count_back(status, back_us, now, out);
	status = time_phrase_read(cursor, &phrase);
	return status == TIME_OK ? time_phrase_resolve(&phrase, side, from, now, out) : status;
}

enum time_status time_parse(const char *text, size_t length, enum time_side side, wall_t now, struct time_point *out)
{
	return parse(text, length, side, NULL, now, out);
}

enum time_status time_parse_end(const char *text, size_t length, wall_t from, wall_t now, struct time_point *out)
{
	return parse(text, length, TIME_TO, &from, now, out);
}

enum time_status time_parse_duration(const char *text, size_t length, int64_t *out_us)
{
	if (length < 1 || length > TEXT_MAX)
		return TIME_MALFORMED;
	struct time_cursor cursor = {text, text + length};
	enum time_status status = parse_length(cursor, true, out_us);
	return status == TIME_OK && *out_us == 0 ? TIME_MALFORMED : status;
}

const char *time_status_message(enum time_status status)
{
	switch (status) {
	case TIME_OK:
		return "This is a valid time.";
	case TIME_AMBIGUOUS:
		return "This can be read in two ways. Write a date as 2026-11-28, 28.11.2026 or 28 Nov 2026, and a "
		       "time of day as 17:30 or 5:30 pm.";
	case TIME_INVALID_FIELD:
		return "This date or time of day does not exist: the month, day, hour, minute or second is out of "
		       "range, or it is another day of the week.";
	case TIME_SKIPPED_HOUR:
		return "This local time does not exist: the clocks skipped it when they went forward. Ask for an hour "
		       "later, or give the UTC offset, as in 2026-05-17T10:23:00+02:00.";
	case TIME_OUT_OF_RANGE:
		return "This time is before 1970 or after 2200. Check the year, and count seconds, not milliseconds.";
	case TIME_MALFORMED:
		break;
	}
	return "This is not a time. Expected for example 3:17, 3:17 am, sun 3:17, yesterday 22:00, last night, "
	       "28.11.2026 "
	       "12:00, 2026-05-17T10:23:00 (or followed by Z or +02:00), YYYYMMDD_HHMMSS, seconds since 1970, now, "
	       "-90s "
	       "or 10 minutes ago.";
}
