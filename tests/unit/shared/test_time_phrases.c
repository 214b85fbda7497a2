/* test_time_phrases.c - times as people type them: the table that the page has to read in the same way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "shared/text/time_text.h"

#define TABLE       "tests/unit/shared/time_phrases.tsv"
#define LINE_BYTES  256
#define PHRASES_MIN 60

static const char *const status_names[] = {
	[TIME_MALFORMED] = "malformed",  [TIME_AMBIGUOUS] = "ambiguous", [TIME_INVALID_FIELD] = "invalid",
	[TIME_SKIPPED_HOUR] = "skipped", [TIME_OUT_OF_RANGE] = "range",
};

/* 2026-11-30T10:23:05.700Z, with or without the fraction */
static wall_t read_iso(const char *text)
{
	struct time_point point;

	if (time_parse(text, strlen(text), TIME_FROM, (wall_t){0}, &point) != TIME_OK || text[strlen(text) - 1] != 'Z')
		fail_msg("the table has no time \"%s\"", text);
	return point.at;
}

static void use_zone_and_now(char *line, wall_t *now)
{
	char *zone = strtok(line + 1, " "), *moment = strtok(NULL, " ");

	assert_non_null(zone);
	assert_non_null(moment);
	setenv("TZ", zone, 1);
	tzset();
	*now = read_iso(moment);
}

/* The meaning as the table has it, in milliseconds. */
static void describe(enum time_status status, const struct time_point *point, char out[LINE_BYTES])
{
	time_t seconds = (time_t)(point->at.us / US_PER_S);
	struct tm utc;

	if (status != TIME_OK) {
		snprintf(out, LINE_BYTES, "%s", status_names[status]);
		return;
	}
	gmtime_r(&seconds, &utc);
	size_t length = strftime(out, LINE_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + length, LINE_BYTES - length, ".%03dZ", (int)(point->at.us % US_PER_S / US_PER_MS));
}

static void check_line(const char *side, const char *text, const char *meaning, wall_t now)
{
	struct time_point point;
	enum time_status status;
	char got[LINE_BYTES];
	bool to = strcmp(side, "to") == 0;

	if (to || strcmp(side, "from") == 0)
		status = time_parse(text, strlen(text), to ? TIME_TO : TIME_FROM, now, &point);
	else
		status = time_parse_end(text, strlen(text), read_iso(side), now, &point);
	describe(status, &point, got);
	if (strcmp(got, meaning) != 0)
		fail_msg("%s \"%s\" is %s instead of %s", side, text, got, meaning);
}

static void each_phrase_of_the_table_has_its_meaning(void **state)
{
	FILE *table = fopen(TABLE, "r");
	char line[LINE_BYTES];
	wall_t now = {0};
	int phrases = 0;

	(void)state;
	if (!table)
		fail_msg("cannot open " TABLE);
	while (fgets(line, sizeof(line), table)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line == '@')
			use_zone_and_now(line, &now);
		if (*line == '#' || *line == '@' || *line == '\0')
			continue;
		char *text = strchr(line, '\t'), *meaning = text ? strchr(text + 1, '\t') : NULL;
		if (!meaning)
			fail_msg("a line of the table without two tabs: %s", line);
		*text++ = *meaning++ = '\0';
		check_line(line, text, meaning, now);
		phrases++;
	}
	fclose(table);
	assert_true(phrases >= PHRASES_MIN);
}

static bool is_relative(const char *text, enum time_side side)
{
	struct time_point point;

	assert_int_equal(time_parse(text, strlen(text), side, (wall_t){INT64_C(1800000000437000)}, &point), TIME_OK);
	return point.relative;
}

/* Such an answer must not be cached. */
static void what_depends_on_now_is_relative(void **state)
{
	static const char *const relative[] = {"now",   "-90s",       "2h ago",   "3:17",
					       "today", "yesterday",  "sun 3:17", "last monday",
					       "noon",  "last night", "28 Nov",   "28.11. 3:17"};
	static const char *const fixed[] = {"28.11.2026",      "28 Nov 2026 3:17", "2026-11-28",
					    "20261128_120000", "1779006180",       "2026-11-28T12:00Z"};

	(void)state;
	for (size_t i = 0; i < sizeof(relative) / sizeof(relative[0]); i++)
		assert_true(is_relative(relative[i], TIME_FROM) && is_relative(relative[i], TIME_TO));
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		assert_false(is_relative(fixed[i], TIME_FROM) || is_relative(fixed[i], TIME_TO));
}

static void the_end_of_a_fixed_range_is_fixed(void **state)
{
	struct time_point point;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	wall_t now = read_iso("2026-11-30T10:00:00Z"), from = read_iso("2026-11-20T10:00:00Z");
	assert_int_equal(time_parse_end("10:05", 5, from, now, &point), TIME_OK);
	assert_int_equal(point.at.us, read_iso("2026-11-20T10:05:00Z").us);
	assert_false(point.relative);
	assert_int_equal(time_parse_end("sun 10:05", 9, from, now, &point), TIME_OK);
	assert_true(point.relative);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_phrase_of_the_table_has_its_meaning),
		cmocka_unit_test(what_depends_on_now_is_relative),
		cmocka_unit_test(the_end_of_a_fixed_range_is_fixed),
	};

	return cmocka_run_group_tests_name("time_phrases", tests, NULL, NULL);
}
