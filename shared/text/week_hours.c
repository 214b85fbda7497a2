/* week_hours.c - hours of the week, as people write them. */
#include "shared/text/week_hours.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define DAYS        7
#define DAY_MINUTES (24 * 60)
#define WORD_SHOWN  20 /* bytes of a wrong word that a message quotes */

static const char *const days[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

struct entry {
	uint8_t days; /* bit n: day n, from Monday */
	bool has_times;
};

static void add(struct week_hours *hours, int day, int from, int to)
{
	for (int minute = from; minute < to; minute++) {
		int at = (day * DAY_MINUTES + minute) % WEEK_MINUTES;
		hours->minutes[at / 8] |= (uint8_t)(1 << at % 8);
	}
}

static void add_times(struct week_hours *hours, const struct entry *entry, int from, int to)
{
	for (int day = 0; day < DAYS; day++)
		if (entry->days >> day & 1)
			add(hours, day, from, to);
}

static int day_of(const char *at)
{
	for (int day = 0; day < DAYS; day++)
		if (strncasecmp(at, days[day], 3) == 0)
			return day;
	return -1;
}

static bool read_days(const char *word, size_t length, struct entry *entry)
{
	int first = length >= 3 ? day_of(word) : -1;
	int last = length == 7 && word[3] == '-' ? day_of(word + 4) : first;

	if (first < 0 || last < 0 || (length != 3 && length != 7) || (length == 7 && word[3] != '-'))
		return false;
	for (int day = first;; day = (day + 1) % DAYS) {
		entry->days |= (uint8_t)(1 << day);
		if (day == last)
			return true;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The minute of the day of HH:MM, up to 24:00; -1 for anything else. Reads five bytes. */
static int read_time(const char *at)
{
	if (!is_digit(at[0]) || !is_digit(at[1]) || at[2] != ':' || !is_digit(at[3]) || !is_digit(at[4]))
		return -1;
	int hour = 10 * (at[0] - '0') + (at[1] - '0'), minute = 10 * (at[3] - '0') + (at[4] - '0');
	if (minute > 59 || 60 * hour + minute > DAY_MINUTES)
		return -1;
	return 60 * hour + minute;
}

static bool read_times(const char *word, size_t length, int *from, int *to)
{
	if (length != 11 || word[5] != '-')
		return false;
	*from = read_time(word);
	*to = read_time(word + 6);
	return *from >= 0 && *to >= 0;
}

static bool refuse(const char *word, size_t length, const char *what, struct reason *why)
{
	return reason_set(why, "%.*s %s", (int)(length < WORD_SHOWN ? length : WORD_SHOWN), word, what);
}

static bool take_word(const char *word, size_t length, struct entry *entry, struct week_hours *out, struct reason *why)
{
	int from, to;

	if (!is_digit(word[0])) {
		if (!read_days(word, length, entry))
			return refuse(word, length, "is no day; expected mon, tue, wed, thu, fri, sat, sun or mon-fri",
				      why);
		return !entry->has_times || refuse(word, length, "comes after a time; expected a comma before it", why);
	}
	if (!read_times(word, length, &from, &to))
		return refuse(word, length, "is no time; expected one such as 19:00-07:00, up to 24:00", why);
	if (from == DAY_MINUTES)
		return refuse(word, length, "begins at the end of a day; expected 00:00 of the next one", why);
	if (from == to)
		return refuse(word, length, "begins when it ends; a whole day is 00:00-24:00", why);
	if (!entry->days)
		entry->days = (1 << DAYS) - 1;
	entry->has_times = true;
	add_times(out, entry, from, to > from ? to : to + DAY_MINUTES);
	return true;
}

/* Reads one entry, up to a comma or the end of the text. */
static bool take_entry(const char **at, struct week_hours *out, struct reason *why)
{
	struct entry entry = {0};

	for (*at += strspn(*at, " \t"); **at && **at != ','; *at += strspn(*at, " \t")) {
		size_t length = strcspn(*at, " \t,");
		if (!take_word(*at, length, &entry, out, why))
			return false;
		*at += length;
	}
	if (!entry.days)
		return reason_set(why, "an entry is empty; expected days, times or both, such as mon-fri 19:00-07:00");
	if (!entry.has_times)
		add_times(out, &entry, 0, DAY_MINUTES);
	return true;
}

bool week_hours_parse(const char *text, struct week_hours *out, struct reason *why)
{
	const char *at = text;

	*out = (struct week_hours){0};
	while (take_entry(&at, out, why)) {
		if (*at == '\0')
			return true;
		at++;
	}
	return false;
}

bool week_hours_contain(const struct week_hours *hours, wall_t at)
{
	time_t seconds = (time_t)(at.us / US_PER_S);
	struct tm local;

	if (!localtime_r(&seconds, &local))
		return false;
	int minute = ((local.tm_wday + 6) % DAYS) * DAY_MINUTES + local.tm_hour * 60 + local.tm_min;
	return hours->minutes[minute / 8] >> minute % 8 & 1;
}

wall_t week_hours_next_change(const struct week_hours *hours, wall_t at)
{
	const int64_t minute_us = 60 * US_PER_S;
	bool inside = week_hours_contain(hours, at);
	wall_t minute = {at.us - at.us % minute_us}; /* zones differ by whole minutes */

	for (int i = 0; i < WEEK_MINUTES + DAY_MINUTES; i++) {
		minute.us += minute_us;
		if (week_hours_contain(hours, minute) != inside)
			return minute;
	}
	return (wall_t){0};
}
