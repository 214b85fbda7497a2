/* test_week_hours.c - hours of the week, as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "shared/text/time_text.h"
#include "shared/text/week_hours.h"

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static struct week_hours parsed(const char *text)
{
	struct week_hours hours;
	struct reason why;

	if (!week_hours_parse(text, &hours, &why))
		fail_msg("%s: %s", text, why.text);
	return hours;
}

static bool contains(const struct week_hours *hours, const char *time)
{
	struct time_point point;

	assert_int_equal(time_parse(time, strlen(time), TIME_FROM, (wall_t){0}, &point), TIME_OK);
	return week_hours_contain(hours, point.at);
}

/* `inside` and `outside` are lists of times that end with NULL. 2026-05-18 is a Monday. */
static void check(const char *text, const char *const *inside, const char *const *outside)
{
	struct week_hours hours = parsed(text);

	for (; *inside; inside++)
		if (!contains(&hours, *inside))
			fail_msg("%s should contain %s", text, *inside);
	for (; *outside; outside++)
		if (contains(&hours, *outside))
			fail_msg("%s should not contain %s", text, *outside);
}

#define TIMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
	(void)state;
	check("fri 19:00-07:00", TIMES("20260522_190000", "20260522_235959", "20260523_000000", "20260523_065959"),
	      TIMES("20260522_065959", "20260522_185959", "20260523_070000", "20260523_190000"));
	check("sun 22:00-06:00", TIMES("20260524_220000", "20260525_055959"),
	      TIMES("20260524_050000", "20260525_060000"));
}

static void whole_days_and_nights_are_listed_together(void **state)
{
	(void)state;
	check("mon-fri 19:00-07:00, sat-sun",
	      TIMES("20260518_190000", "20260519_030000", "20260523_120000", "20260524_235959"),
	      TIMES("20260518_120000", "20260518_030000", "20260522_185959"));
}

static void days_and_times_may_be_several_or_missing(void **state)
{
	(void)state;
	check("08:00-12:00", TIMES("20260518_080000", "20260524_115959"), TIMES("20260518_075959", "20260524_120000"));
	check("Mon wed FRI-mon 08:00-09:00\t13:00-14:00",
	      TIMES("20260518_083000", "20260520_133000", "20260524_083000"),
	      TIMES("20260519_083000", "20260521_133000", "20260518_120000"));
	check("tue", TIMES("20260519_000000", "20260519_235959"), TIMES("20260518_235959", "20260520_000000"));
}

static void midnight_may_be_the_end_of_a_day(void **state)
{
	(void)state;
	check("mon 18:00-24:00", TIMES("20260518_180000", "20260518_235959"),
	      TIMES("20260519_000000", "20260518_000000"));
	check("mon 18:00-00:00", TIMES("20260518_180000", "20260518_235959"),
	      TIMES("20260519_000000", "20260518_000000"));
	check("mon 00:00-24:00", TIMES("20260518_000000", "20260518_235959"),
	      TIMES("20260519_000000", "20260517_235959"));
}

static void entries_may_overlap(void **state)
{
	(void)state;
	check("mon 08:00-12:00, mon-tue 10:00-14:00, mon",
	      TIMES("20260518_030000", "20260518_130000", "20260519_100000"),
	      TIMES("20260519_080000", "20260520_110000"));
}

static void the_hour_that_spring_skips_is_shown_by_no_clock(void **state)
{
	struct week_hours begins_in_it = parsed("sun 02:30-03:30"), within_it = parsed("sun 02:15-02:45");
	wall_t skipped = {INT64_C(1774746000) * US_PER_S}; /* 2026-03-29, 03:00 in Berlin, a second after 01:59:59 */

	(void)state;
	set_zone("Europe/Berlin");
	assert_false(week_hours_contain(&begins_in_it, (wall_t){skipped.us - US_PER_S}));
	assert_true(week_hours_contain(&begins_in_it, skipped));
	assert_false(week_hours_contain(&begins_in_it, (wall_t){skipped.us + 1800 * US_PER_S}));
	for (int64_t minute = -60; minute <= 60; minute++)
		assert_false(week_hours_contain(&within_it, (wall_t){skipped.us + minute * 60 * US_PER_S}));
	set_zone("UTC");
}

static void both_passes_of_the_hour_that_autumn_repeats_are_inside(void **state)
{
	struct week_hours hours = parsed("sun 02:15-02:45");
	wall_t first = {INT64_C(1792888200) * US_PER_S}; /* 2026-10-25, 02:30 in Berlin, for the first time */

	(void)state;
	set_zone("Europe/Berlin");
	assert_true(week_hours_contain(&hours, first));
	assert_true(week_hours_contain(&hours, (wall_t){first.us + 3600 * US_PER_S}));
	assert_false(week_hours_contain(&hours, (wall_t){first.us + 1800 * US_PER_S}));
	assert_false(week_hours_contain(&hours, (wall_t){first.us + 7200 * US_PER_S}));
	set_zone("UTC");
}

static void the_next_change_is_found_across_a_change_of_the_clock(void **state)
{
	struct week_hours nights = parsed("19:00-07:00"), always = parsed("mon-sun"), late = parsed("sun 02:30-03:30");
	wall_t winter = {INT64_C(1792875600) * US_PER_S}; /* 2026-10-24, 23:00 in Berlin; 07:00 is nine hours later */
	wall_t spring = {INT64_C(1774735200) * US_PER_S}; /* 2026-03-28, 23:00 in Berlin */

	(void)state;
	set_zone("Europe/Berlin");
	assert_int_equal(week_hours_next_change(&nights, winter).us, winter.us + 9 * 3600 * US_PER_S);
	assert_int_equal(week_hours_next_change(&nights, (wall_t){winter.us + 9 * 3600 * US_PER_S}).us,
			 winter.us + 21 * 3600 * US_PER_S);
	assert_int_equal(week_hours_next_change(&late, spring).us, spring.us + 3 * 3600 * US_PER_S);
	assert_int_equal(week_hours_next_change(&always, spring).us, 0);
	set_zone("UTC");
}

static void mistakes_are_named(void **state)
{
	static const char *const wrong[][2] = {
		{"", "an entry is empty"},
		{"  ", "an entry is empty"},
		{"mon,", "an entry is empty"},
		{"mon,,tue", "an entry is empty"},
		{"monday", "monday is no day"},
		{"mo", "mo is no day"},
		{"mon-", "mon- is no day"},
		{"mon-tue-wed", "mon-tue-wed is no day"},
		{"mon - tue", "- is no day"},
		{"mon 7:00-8:00", "7:00-8:00 is no time"},
		{"mon 07:00", "07:00 is no time"},
		{"07:00-25:00", "is no time"},
		{"07:60-08:00", "is no time"},
		{"07:00-24:01", "is no time"},
		{"07:00-08:00:00", "is no time"},
		{"24:00-07:00", "expected 00:00"},
		{"07:00-07:00", "begins when it ends"},
		{"07:00-08:00 mon", "expected a comma"},
		{"08:00 - 09:00", "08:00 is no time"},
		{"\xc3\xa4", "is no day"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct week_hours hours;
		struct reason why = {0};

		if (week_hours_parse(wrong[i][0], &hours, &why))
			fail_msg("accepted: %s", wrong[i][0]);
		if (!strstr(why.text, wrong[i][1]))
			fail_msg("%s says: %s", wrong[i][0], why.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
		cmocka_unit_test(whole_days_and_nights_are_listed_together),
		cmocka_unit_test(days_and_times_may_be_several_or_missing),
		cmocka_unit_test(midnight_may_be_the_end_of_a_day),
		cmocka_unit_test(entries_may_overlap),
		cmocka_unit_test(the_hour_that_spring_skips_is_shown_by_no_clock),
		cmocka_unit_test(both_passes_of_the_hour_that_autumn_repeats_are_inside),
		cmocka_unit_test(the_next_change_is_found_across_a_change_of_the_clock),
		cmocka_unit_test(mistakes_are_named),
	};

	set_zone("UTC");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
