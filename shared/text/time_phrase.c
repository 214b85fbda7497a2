/* time_phrase.c - reads times of day, and puts them together with days. */
#include "shared/text/time_parse_internal.h"

/* --- times of day --- */

/* am, pm, a.m. or p.m. after an hour of one to twelve. Returns false if that is out of range. */
static bool take_half(struct time_cursor *cursor, struct time_fields *at, bool *taken)
{
	struct time_cursor half = *cursor;

	time_take_any(&half, " ");
	bool am = time_take_word(&half, "am") || time_take_word(&half, "a.m.");
	bool pm = !am && (time_take_word(&half, "pm") || time_take_word(&half, "p.m."));
	*taken = am || pm;
	if (!*taken)
		return true;
	*cursor = half;
	bool valid = at->hour >= 1 && at->hour <= 12;
	at->hour = at->hour % 12 + (pm ? 12 : 0);
	return valid;
}

/* 10:23, 10:23:05.5, 3:17 am, 3 pm */
static enum time_taken take_time_of_day(struct time_cursor *cursor, struct time_phrase *out)
{
	struct time_cursor at = *cursor;
	struct time_fields *fields = &out->at;
	bool half = false;

	if (!time_take_number(&at, 1, 2, &fields->hour))
		return NOT_TAKEN;
	bool minutes = time_take_any(&at, ":") != 0;
	if (minutes && !time_take_number(&at, 2, 2, &fields->minute))
		return TAKEN_WRONG;
	if (minutes && time_take_any(&at, ":") &&
	    (!time_take_number(&at, 2, 2, &fields->second) || !time_take_fraction(&at, &fields->us)))
		return TAKEN_WRONG;
	if (!take_half(&at, fields, &half))
		return TAKEN_INVALID;
	if (!minutes && !half)
		return NOT_TAKEN;
	*cursor = at;
	return TAKEN;
}

/* 1023, 102305, 102305.5, 102305_500 */
static enum time_taken take_digits_of_day(struct time_cursor *cursor, struct time_phrase *out)
{
	struct time_cursor at = *cursor;
	int digits = time_count_digits(&at), ms = 0;

	if (digits != 4 && digits != 6)
		return NOT_TAKEN;
	time_take_digits(&at, 2, &out->at.hour);
	time_take_digits(&at, 2, &out->at.minute);
	if (digits == 6) {
		time_take_digits(&at, 2, &out->at.second);
		bool is_ms = time_take_any(&at, "_") != 0;
		if (is_ms ? !time_take_number(&at, 3, 3, &ms) : !time_take_fraction(&at, &out->at.us))
			return TAKEN_WRONG;
		out->at.us += ms * US_PER_MS;
	}
	*cursor = at;
	return TAKEN;
}

static enum time_taken take_clock(struct time_cursor *cursor, struct time_phrase *out)
{
	enum time_taken taken = TAKEN;

	if (time_take_word(cursor, "noon"))
		out->at.hour = 12;
	else if (!time_take_word(cursor, "midnight"))
		taken = out->in_digits ? take_digits_of_day(cursor, out) : NOT_TAKEN;
	if (taken == NOT_TAKEN)
		taken = take_time_of_day(cursor, out);
	out->has_clock = taken == TAKEN;
	return taken;
}

/* Z, UTC, +02:00, +0200 or +02, with or without a blank before it. The plus may have become that blank. */
static enum time_taken take_offset(struct time_cursor *cursor, struct time_phrase *out)
{
	struct time_cursor at = *cursor;
	int hours = 0, minutes = 0;
	bool blank = time_take_any(&at, " ") != 0;

	if (time_at_end(&at))
		return NOT_TAKEN;
	if (!time_take_word(&at, "z") && !time_take_word(&at, "utc")) {
		char sign = time_take_any(&at, "+-");
		if (!sign && !(blank && time_is_digit(*at.at)))
			return NOT_TAKEN;
		if (!time_take_digits(&at, 2, &hours))
			return TAKEN_WRONG;
		bool colon = time_take_any(&at, ":") != 0;
		if ((colon || time_count_digits(&at) > 0) && !time_take_number(&at, 2, 2, &minutes))
			return TAKEN_WRONG;
		out->offset_s = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
	}
	out->has_offset = true;
	*cursor = at;
	return hours <= 23 && minutes <= 59 ? TAKEN : TAKEN_WRONG;
}

/* --- the whole --- */

/* Each of day, part and time of day may be there once. */
static enum time_taken take_item(struct time_cursor *cursor, struct time_phrase *out)
{
	enum time_taken taken = NOT_TAKEN;
	struct time_fields date = out->at;

	if (!out->has_clock) {
		taken = take_clock(cursor, out);
		if (taken == NOT_TAKEN)
			out->at = date;
		if (taken == TAKEN && out->day == TIME_DATE) {
			enum time_taken offset = take_offset(cursor, out);
			return offset == NOT_TAKEN ? TAKEN : offset;
		}
	}
	if (taken == NOT_TAKEN && (out->day == TIME_NO_DAY || (out->day == TIME_WEEKDAY && !out->before_today)))
		taken = time_take_day(cursor, out);
	if (taken == NOT_TAKEN && out->day != TIME_NO_DAY && out->part == TIME_NO_PART && !out->has_clock)
		taken = time_take_part(cursor, out);
	return taken;
}

/* at, on: they say nothing. */
static void take_preposition(struct time_cursor *cursor)
{
	struct time_cursor at = *cursor;

	if ((time_take_word(&at, "at") || time_take_word(&at, "on")) && time_take_any(&at, " "))
		*cursor = at;
}

/* What is between two items. T and _ follow a date in digits. Returns false if nothing is. */
static bool take_separator(struct time_cursor *cursor, const struct time_phrase *phrase)
{
	if (phrase->in_digits && !phrase->has_clock) {
		struct time_cursor at = *cursor;
		if (time_take_any(&at, "t_") && !time_at_end(&at) && time_is_digit(*at.at)) {
			*cursor = at;
			return true;
		}
		if (phrase->joined)
			return true;
	}
	bool taken = time_take_any(cursor, ",") != 0;
	taken |= time_take_any(cursor, " ") != 0;
	if (taken)
		take_preposition(cursor);
	return taken;
}

static bool is_complete(const struct time_phrase *phrase)
{
	if (phrase->part != TIME_NO_PART && phrase->has_clock && phrase->part != TIME_NIGHT)
		return false;
	return phrase->has_clock || phrase->day != TIME_NO_DAY;
}

enum time_status time_phrase_read(struct time_cursor cursor, struct time_phrase *out)
{
	*out = (struct time_phrase){.weekday = -1};
	take_preposition(&cursor);
	for (bool first = true; !time_at_end(&cursor); first = false) {
		if (!first && !take_separator(&cursor, out))
			return TIME_MALFORMED;
		switch (take_item(&cursor, out)) {
		case TAKEN:
			break;
		case TAKEN_AMBIGUOUS:
			return TIME_AMBIGUOUS;
		case TAKEN_INVALID:
			return TIME_INVALID_FIELD;
		default:
			return TIME_MALFORMED;
		}
	}
	return is_complete(out) ? TIME_OK : TIME_MALFORMED;
}
