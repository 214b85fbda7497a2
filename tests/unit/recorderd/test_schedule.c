/* test_schedule.c - record.hours: when recording is on, and when that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "recorderd/schedule.h"

#define MONDAY_NOON_US (INT64_C(1779105600) * US_PER_S) /* 2026-05-18, 12:00 UTC */
#define HOUR_US        (3600 * US_PER_S)

static wall_t at(double hours)
{
	return (wall_t){MONDAY_NOON_US + (int64_t)(hours * (double)HOUR_US)};
}

static void without_hours_it_is_always_on(void **state)
{
	struct schedule schedule;

	(void)state;
	schedule_init(&schedule, "", at(0));
	assert_true(schedule.inside);
	assert_int_equal(schedule.next.us, 0);
	assert_false(schedule_update(&schedule, at(1000)));
}

static void each_change_is_told_once(void **state)
{
	struct schedule schedule;

	(void)state;
	schedule_init(&schedule, "mon-fri 19:00-07:00", at(0));
	assert_false(schedule.inside);
	assert_int_equal(schedule.next.us, at(7).us);
	assert_false(schedule_update(&schedule, at(6.99)));
	assert_true(schedule_update(&schedule, at(7)));
	assert_true(schedule.inside);
	assert_int_equal(schedule.next.us, at(19).us);
	assert_false(schedule_update(&schedule, at(8)));
	assert_true(schedule_update(&schedule, at(20))); /* the machine slept */
	assert_false(schedule.inside);
	assert_int_equal(schedule.next.us, at(31).us);
}

static void a_clock_that_was_set_back_is_followed(void **state)
{
	struct schedule schedule;

	(void)state;
	schedule_init(&schedule, "mon 13:00-14:00", at(1.5));
	assert_true(schedule.inside);
	assert_true(schedule_update(&schedule, at(0.5)));
	assert_false(schedule.inside);
	assert_int_equal(schedule.next.us, at(1).us);
}

static void a_clock_that_was_never_set_records(void **state)
{
	struct schedule schedule;

	(void)state;
	schedule_init(&schedule, "mon 13:00-14:00", (wall_t){1000 * US_PER_S});
	assert_true(schedule.inside);
	assert_int_equal(schedule.next.us, 0);
	assert_true(schedule_update(&schedule, at(0)));
	assert_false(schedule.inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_hours_it_is_always_on),
		cmocka_unit_test(each_change_is_told_once),
		cmocka_unit_test(a_clock_that_was_set_back_is_followed),
		cmocka_unit_test(a_clock_that_was_never_set_records),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
