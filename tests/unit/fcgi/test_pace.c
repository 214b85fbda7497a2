/* test_pace.c - clients that read next to nothing, slow clients, and clients that have to wait for us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/io/pace.h"
#include "shared/base/clock.h"

#define WINDOW_US (60 * US_PER_S)
#define LEAST     (60 * PACE_MIN_BYTES_PER_S) /* per window */

static int64_t now_us;
static struct pace pace;
static uint64_t taken;

static int start(void **state)
{
	(void)state;
	now_us = 5 * US_PER_S;
	taken = 1000000;
	pace_begin(&pace, taken, now_us);
	return 0;
}

/* Checks for that long, while the client reads so much per window. Returns whether it was never too slow. */
static bool holds(int64_t for_us, uint64_t bytes_a_window, bool full)
{
	int64_t step_us = pace_interval_us(WINDOW_US), until_us = now_us + for_us;
	bool good = true;

	while (now_us < until_us) {
		now_us += step_us;
		taken += bytes_a_window * (uint64_t)step_us / WINDOW_US;
		good = pace_update(&pace, taken, full, now_us, WINDOW_US) && good;
	}
	return good;
}

static void a_client_that_reads_nothing_is_too_slow_after_a_window(void **state)
{
	(void)state;
	assert_true(holds(WINDOW_US - pace_interval_us(WINDOW_US), 0, true));
	assert_false(holds(pace_interval_us(WINDOW_US), 0, true));
}

static void a_client_that_reads_the_minimum_is_not_too_slow(void **state)
{
	(void)state;
	assert_true(holds(20 * WINDOW_US, LEAST + LEAST / 10, true));
	assert_false(holds(WINDOW_US, LEAST / 2, true));
}

/* What the kernel has queued for it counts as not read, and grows when the kernel accepts more. */
static void a_count_that_decreases_means_that_nothing_was_read(void **state)
{
	(void)state;
	taken -= 1000;
	assert_false(holds(WINDOW_US, 0, true));
}

/* What it read lately counts, not the total. */
static void a_client_that_stops_is_too_slow_after_a_window(void **state)
{
	(void)state;
	assert_true(holds(10 * WINDOW_US, 100 * LEAST, true));
	assert_false(holds(WINDOW_US, 0, true));
}

static void a_client_that_waits_for_us_is_never_too_slow(void **state)
{
	(void)state;
	assert_true(holds(1000 * WINDOW_US, 0, false));
}

/* The process was stopped, or its disk hung: it neither checked nor sent anything. */
static void time_between_late_checks_hardly_counts(void **state)
{
	(void)state;
	assert_true(holds(WINDOW_US / 4, 0, true));
	now_us += 1000 * WINDOW_US;
	assert_true(pace_update(&pace, taken, true, now_us, WINDOW_US));
	assert_false(holds(WINDOW_US, 0, true));
}

static void without_a_window_no_client_is_too_slow(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(pace_update(&pace, taken, true, now_us += US_PER_S, 0));
	assert_true(pace_interval_us(0) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_client_that_reads_nothing_is_too_slow_after_a_window, start),
		cmocka_unit_test_setup(a_client_that_reads_the_minimum_is_not_too_slow, start),
		cmocka_unit_test_setup(a_count_that_decreases_means_that_nothing_was_read, start),
		cmocka_unit_test_setup(a_client_that_stops_is_too_slow_after_a_window, start),
		cmocka_unit_test_setup(a_client_that_waits_for_us_is_never_too_slow, start),
		cmocka_unit_test_setup(time_between_late_checks_hardly_counts, start),
		cmocka_unit_test_setup(without_a_window_no_client_is_too_slow, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
