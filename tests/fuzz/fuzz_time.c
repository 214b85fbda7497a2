/*
 * fuzz_time.c - times as text.
 *
 * A text that is accepted as a time is within 1970 to 2200, and its written forms are read as the same millisecond: ISO
 * 8601 always, the local form as the first or the second of two equal hours. A duration is positive. Input: number of
 * the time zone, then the text.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/text/time_text.h"

#define END_US INT64_C(7289654400000000) /* 2201-01-01T00:00:00Z */
#define DAY_US INT64_C(86400000000)

static const wall_t now = {INT64_C(1792393405678901)}; /* in October 2026 */

static void use_zone(unsigned number)
{
	static const char *const zones[] = {"Europe/Berlin",
					    "UTC",
					    "America/St_Johns",
					    "Australia/Lord_Howe",
					    "Pacific/Apia",
					    "America/Sao_Paulo",
					    "Asia/Kathmandu",
					    "Atlantic/Azores",
					    "CET-1CEST,M3.5.0,M10.5.0/3"};

	setenv("TZ", zones[number % (sizeof(zones) / sizeof(zones[0]))], 1);
	tzset();
}

static int64_t parsed_us(const char *text, enum time_side side)
{
	struct time_point point;

	holds(time_parse(text, strlen(text), side, now, &point) == TIME_OK);
	holds(!point.relative && !point.is_now);
	return point.at.us;
}

static void check_forms(wall_t at)
{
	char text[TIME_ISO_BYTES];
	int64_t ms = at.us / 1000;

	time_format_iso(at, text);
	holds(parsed_us(text, TIME_FROM) / 1000 == ms);
	time_format_compact(at, text);
	holds(strlen(text) == 15);
	snprintf(text + 15, sizeof(text) - 15, "_%03d", (int)(ms % 1000));
	int64_t from_ms = parsed_us(text, TIME_FROM) / 1000, to_ms = parsed_us(text, TIME_TO) / 1000;
	holds(from_ms <= ms && ms <= to_ms && (from_ms == ms || to_ms == ms));
}

static void check_time(const char *text, size_t length, enum time_side side)
{
	struct time_point point, again;
	enum time_status status = time_parse(text, length, side, now, &point);

	holds(time_status_message(status)[0] != '\0');
	holds(time_parse(text, length, side, now, &again) == status);
	if (status != TIME_OK)
		return;
	holds(point.at.us >= 0 && point.at.us < END_US && point.at.us == again.at.us);
	/* Tonight ends tomorrow. */
	holds(!point.relative || point.at.us <= now.us + 2 * DAY_US);
	holds(!point.is_now || point.relative);
	check_forms(point.at);
}

/* The end of a range that begins a day ago is what it is without a beginning, or a time of day within the next two. */
static void check_end(const char *text, size_t length)
{
	struct time_point end, alone;
	wall_t from = {now.us - DAY_US};
	enum time_status status = time_parse_end(text, length, from, now, &end);
	bool same = time_parse(text, length, TIME_TO, now, &alone) == status &&
		    (status != TIME_OK || end.at.us == alone.at.us);

	holds(same || status != TIME_OK || (end.at.us > from.us && end.at.us <= from.us + 2 * DAY_US));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t duration_us;

	if (size < 1)
		return 0;
	use_zone(data[0]);
	char *text = (char *)input_copy(data + 1, size - 1);
	check_time(text, size - 1, TIME_FROM);
	check_time(text, size - 1, TIME_TO);
	check_end(text, size - 1);
	if (time_parse_duration(text, size - 1, &duration_us) == TIME_OK)
		holds(duration_us > 0 && duration_us < END_US + US_PER_S * 86400);
	free(text);
	return 0;
}
