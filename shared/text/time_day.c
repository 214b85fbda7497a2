/* time_day.c - reads days: dates, days of the week, today, last night. */
#include "shared/text/time_parse_internal.h"

#define COUNT(array)        ((int)(sizeof(array) / sizeof((array)[0])))
#define YEARS_OF_TWO_DIGITS 2000

static const char *const weekdays[] = {"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
				     "july",    "august",   "september", "october", "november", "december"};
static const char *const parts[] = {"morning", "afternoon", "evening", "night"}; /* as enum time_part, from 1 on */

/* --- dates --- */

static enum time_taken take_date(struct time_phrase *out, bool year)
{
	out->day = year ? TIME_DATE : TIME_DAY_AND_MONTH;
	return TAKEN;
}

/* 2026-11-28, 2026/11/28 */
static enum time_taken take_year_first(struct time_cursor *cursor, struct time_phrase *out)
{
	if (time_count_digits(cursor) != 4)
		return NOT_TAKEN;
	time_take_digits(cursor, 4, &out->at.year);
	char separator = time_take_any(cursor, "-/");
	if (!separator)
		return NOT_TAKEN;
	if (!time_take_number(cursor, 1, 2, &out->at.month) || time_take_any(cursor, "-/") != separator ||
	    !time_take_number(cursor, 1, 2, &out->at.day))
		return TAKEN_WRONG;
	out->in_digits = true;
	return take_date(out, true);
}

/* 20261128, which a time of day must follow: with T, _ or a blank between them, or directly as four or six digits. */
static enum time_taken take_compact(struct time_cursor *cursor, struct time_phrase *out)
{
	int digits = time_count_digits(cursor);

	if (digits != 8 && digits != 12 && digits != 14)
		return NOT_TAKEN;
	time_take_digits(cursor, 4, &out->at.year);
	time_take_digits(cursor, 2, &out->at.month);
	time_take_digits(cursor, 2, &out->at.day);
	if (time_at_end(cursor))
		return TAKEN_WRONG;
	out->in_digits = true;
	out->joined = digits != 8;
	return take_date(out, true);
}

/* 28.11.2026, 28.11.26, 28.11.; 28.11 could be a time of day, 11/28/2026 and 28/11/2026 could be each other. */
static enum time_taken take_day_first(struct time_cursor *cursor, struct time_phrase *out)
{
	if (!time_take_number(cursor, 1, 2, &out->at.day))
		return NOT_TAKEN;
	if (time_take_any(cursor, "/"))
		return TAKEN_AMBIGUOUS;
	if (!time_take_any(cursor, ".") || !time_take_number(cursor, 1, 2, &out->at.month))
		return NOT_TAKEN;
	if (!time_take_any(cursor, "."))
		return TAKEN_AMBIGUOUS;
	int digits = time_count_digits(cursor);
	if (digits != 0 && digits != 2 && digits != 4)
		return TAKEN_WRONG;
	time_take_digits(cursor, digits, &out->at.year);
	if (digits == 2)
		out->at.year += YEARS_OF_TWO_DIGITS;
	out->in_digits = true;
	return take_date(out, digits > 0);
}

/* A year after a month by name; *cursor does not move if something else follows. */
static bool take_year(struct time_cursor *cursor, struct time_phrase *out)
{
	struct time_cursor at = *cursor;

	time_take_any(&at, ",");
	time_take_any(&at, " ");
	if (time_count_digits(&at) != 4)
		return false;
	time_take_digits(&at, 4, &out->at.year);
	*cursor = at;
	return true;
}

static void take_ordinal(struct time_cursor *cursor)
{
	static const char *const endings[] = {"st", "nd", "rd", "th"};

	for (int i = 0; i < COUNT(endings); i++)
		if (time_take_word(cursor, endings[i]))
			return;
	time_take_any(cursor, ".");
}

/* 28 Nov 2026, 28th November, 28. November */
static enum time_taken take_day_and_month(struct time_cursor *cursor, struct time_phrase *out)
{
	if (!time_take_number(cursor, 1, 2, &out->at.day))
		return NOT_TAKEN;
	take_ordinal(cursor);
	time_take_any(cursor, " ");
	out->at.month = time_take_name(cursor, months, COUNT(months)) + 1;
	if (out->at.month == 0)
		return NOT_TAKEN;
	time_take_any(cursor, "."); /* Nov. */
	bool year = take_year(cursor, out);
	return take_date(out, year);
}

/* Nov 28, 2026; November 28th */
static enum time_taken take_month_and_day(struct time_cursor *cursor, struct time_phrase *out)
{
	out->at.month = time_take_name(cursor, months, COUNT(months)) + 1;
	if (out->at.month == 0)
		return NOT_TAKEN;
	time_take_any(cursor, ".");
	time_take_any(cursor, " ");
	if (!time_take_number(cursor, 1, 2, &out->at.day))
		return TAKEN_WRONG;
	take_ordinal(cursor);
	bool year = take_year(cursor, out);
	return take_date(out, year);
}

/* --- other days --- */

static enum time_taken take_named_day(struct time_cursor *cursor, struct time_phrase *out)
{
	if (time_take_word(cursor, "today"))
		out->day = TIME_TODAY;
	else if (time_take_word(cursor, "yesterday"))
		out->day = TIME_YESTERDAY;
	else
		return NOT_TAKEN;
	return TAKEN;
}

/* tonight, last night, this morning: a day and a part of it */
static enum time_taken take_named_part(struct time_cursor *cursor, struct time_phrase *out)
{
	int part = TIME_NIGHT - 1;

	out->day = TIME_TODAY;
	if (time_take_word(cursor, "last night"))
		out->day = TIME_YESTERDAY;
	else if (time_take_word(cursor, "this") && time_take_any(cursor, " "))
		part = time_take_name(cursor, parts, COUNT(parts) - 1);
	else if (!time_take_word(cursor, "tonight"))
		return NOT_TAKEN;
	out->part = (enum time_part)(part + 1);
	return part < 0 ? TAKEN_WRONG : TAKEN;
}

/* sun, Sunday, last Sunday. A date may follow. */
static enum time_taken take_weekday(struct time_cursor *cursor, struct time_phrase *out)
{
	bool last = time_take_word(cursor, "last") && time_take_any(cursor, " ");
	int weekday = time_take_name(cursor, weekdays, COUNT(weekdays));

	if (weekday < 0)
		return NOT_TAKEN;
	time_take_any(cursor, ".");
	out->weekday = weekday;
	out->before_today = last;
	out->day = TIME_WEEKDAY;
	return TAKEN;
}

/* What `take` reads at the cursor; neither that nor *out changes unless it does. */
static enum time_taken try(enum time_taken (*take)(struct time_cursor *, struct time_phrase *),
			   struct time_cursor *cursor, struct time_phrase *out)
{
	struct time_phrase tried = *out;
	struct time_cursor at = *cursor;
	enum time_taken taken = take(&at, &tried);

	if (taken == TAKEN) {
		*out = tried;
		*cursor = at;
	}
	return taken;
}

enum time_taken time_take_day(struct time_cursor *cursor, struct time_phrase *out)
{
	static enum time_taken (*const forms[])(struct time_cursor *, struct time_phrase *) = {
		take_named_part, take_named_day,     take_weekday,   take_year_first,
		take_compact,    take_day_and_month, take_day_first, take_month_and_day,
	};
	enum time_taken taken = NOT_TAKEN;

	for (int i = 0; taken == NOT_TAKEN && i < COUNT(forms); i++)
		if (!(out->day == TIME_WEEKDAY && i < 3)) /* only a date can follow a day of the week */
			taken = try(forms[i], cursor, out);
	return taken;
}

enum time_taken time_take_part(struct time_cursor *cursor, struct time_phrase *out)
{
	int part = time_take_name(cursor, parts, COUNT(parts));

	out->part = (enum time_part)(part + 1);
	return part < 0 ? NOT_TAKEN : TAKEN;
}
