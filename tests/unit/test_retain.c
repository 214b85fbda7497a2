/* test_retain.c - what retention deletes by age, on clocks that were set in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/timex.h>

static int fake_adjtimex(struct timex *state);

#define adjtimex fake_adjtimex
#include "recorderd/archive_retain.c"
#undef adjtimex

#define HOURS(n) ((int64_t)((n)*HOUR_US))

static bool synchronised, denied;

static int fake_adjtimex(struct timex *state)
{
	if (denied)
		return -1;
	state->status = synchronised ? 0 : STA_UNSYNC;
	return synchronised ? TIME_OK : TIME_ERROR;
}

/* An archive of up to 8 segments of an hour each, kept for 72 hours. */
struct bench {
	struct config config;
	struct archive_segment segments[8];
	struct archive archive;
};

static void bench_init(struct bench *bench)
{
	*bench = (struct bench){0};
	bench->archive = (struct archive){.config = &bench->config, .segments = bench->segments, .retention.hours = 72};
	synchronised = denied = false;
}

/* A segment that ended so many hours before now, by its own clock. */
static void add(struct bench *bench, double hours_ago, enum gap_cause cause)
{
	int64_t end_us = wall_now().us - HOURS(hours_ago);

	bench->segments[bench->archive.count++] = (struct archive_segment){
		.phase = PHASE_COMPLETE,
		.entry = {.start_wall_us = end_us - HOUR_US, .end_wall_us = end_us, .gap_cause = (uint8_t)cause}};
}

/* The last one is being recorded, and was written to so long ago. */
static void is_recording(struct bench *bench, double hours_ago)
{
	bench->archive.grew_mono_us = mono_now().us - HOURS(hours_ago);
}

#define YEARS(n) ((n)*365.25 * 24)

static void test_what_is_older_than_its_hours_goes(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	synchronised = true;
	add(&bench, 100, GAP_START);
	add(&bench, 72.1, GAP_RECORDER_DOWN);
	add(&bench, 71.9, GAP_RECORDER_DOWN);
	add(&bench, 0, GAP_UNPLUGGED);
	assert_int_equal(count_old(&bench.archive), 2);
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 2);
	assert_false(bench.archive.clock_unsure);
}

static void test_it_goes_also_where_nobody_synchronises_the_clock(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	add(&bench, 100, GAP_START);
	add(&bench, 60, GAP_RECORDER_DOWN);
	add(&bench, 0, GAP_UNPLUGGED);
	assert_int_equal(count_old(&bench.archive), 1);
	assert_false(bench.archive.clock_unsure);
}

static void test_a_step_forward_makes_nothing_old(void **state)
{
	(void)state;
	for (int synced = 0; synced < 2; synced++) {
		struct bench bench;

		bench_init(&bench);
		synchronised = synced;
		add(&bench, YEARS(10) + 2, GAP_START);
		add(&bench, YEARS(10), GAP_STALLED);
		add(&bench, 0, GAP_CLOCK);
		is_recording(&bench, 0);
		assert_int_equal(count_old(&bench.archive), 0);
		assert_int_equal(bench.archive.clock_unsure, !synced);
	}
}

static void test_many_steps_of_an_hour_make_nothing_old(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	bench.archive.retention.hours = 6.5; /* half way between the ends of two */
	synchronised = true;
	for (int i = 7; i >= 0; i--)
		add(&bench, 1.99 * i, i == 7 ? GAP_START : GAP_CLOCK);
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 1); /* they stand for 8 hours */
}

static void test_a_step_that_no_segment_shows_yet_makes_nothing_old(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	add(&bench, YEARS(10) + 2, GAP_START);
	add(&bench, YEARS(10), GAP_STALLED);
	synchronised = true;
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 0);
}

static void test_age_goes_on_by_the_monotonic_clock(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	add(&bench, YEARS(10) + 2, GAP_START);
	add(&bench, YEARS(10), GAP_CLOCK);
	is_recording(&bench, 71.9);
	assert_int_equal(count_old(&bench.archive), 1);
	is_recording(&bench, 72.1);
	assert_int_equal(count_old(&bench.archive), 2);
}

static void test_a_start_in_another_decade_makes_nothing_old(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	add(&bench, YEARS(10) + 2, GAP_START);
	add(&bench, YEARS(10), GAP_STALLED);
	assert_int_equal(count_old(&bench.archive), 0);
	assert_true(bench.archive.clock_unsure);
	add(&bench, 0, GAP_RECORDER_DOWN);
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 0);
	assert_true(bench.archive.clock_unsure);
}

static void test_a_year_off_by_a_synchronised_clock_is_believed(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	synchronised = true;
	add(&bench, YEARS(1), GAP_START);
	add(&bench, 0, GAP_RECORDER_DOWN);
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 1);
}

static void test_what_was_recorded_in_1970_is_as_young_as_what_follows(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	synchronised = true;
	add(&bench, YEARS(56) + 2, GAP_START);
	add(&bench, YEARS(56) + 1.5, GAP_RECORDER_DOWN); /* the clock began anew with the machine */
	add(&bench, YEARS(56), GAP_STALLED);
	add(&bench, 0, GAP_CLOCK);
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 0);
	is_recording(&bench, 71.5);
	assert_int_equal(count_old(&bench.archive), 3);
}

static void test_what_was_recorded_in_the_future_ages_from_the_step_back(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	synchronised = true;
	add(&bench, 80, GAP_START);
	add(&bench, -YEARS(10), GAP_CLOCK);
	add(&bench, 73, GAP_CLOCK);
	add(&bench, 0, GAP_RECORDER_DOWN);
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 3);
}

static void test_a_wrong_time_between_two_right_ones_makes_nothing_before_it_old(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	synchronised = true;
	add(&bench, 50, GAP_START);
	add(&bench, -YEARS(10), GAP_RECORDER_DOWN); /* booted with a wrong clock, */
	add(&bench, 0, GAP_RECORDER_DOWN);          /* and with a right one */
	is_recording(&bench, 0);
	assert_int_equal(count_old(&bench.archive), 0);
	add(&bench, YEARS(56), GAP_RECORDER_DOWN);
	add(&bench, 0, GAP_CLOCK);
	assert_int_equal(count_old(&bench.archive), 0);
}

static void test_no_hours_keep_for_ever(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	synchronised = true;
	bench.archive.retention.hours = 0;
	add(&bench, YEARS(20), GAP_START);
	assert_int_equal(count_old(&bench.archive), 0);
}

static void test_a_clock_that_cannot_be_asked_about_is_not_synchronised(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench);
	denied = true;
	add(&bench, 50, GAP_START);
	add(&bench, YEARS(-10), GAP_CLOCK);
	assert_int_equal(count_old(&bench.archive), 0);
	assert_true(bench.archive.clock_unsure);
	denied = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_older_than_its_hours_goes),
		cmocka_unit_test(test_a_clock_that_cannot_be_asked_about_is_not_synchronised),
		cmocka_unit_test(test_it_goes_also_where_nobody_synchronises_the_clock),
		cmocka_unit_test(test_a_step_forward_makes_nothing_old),
		cmocka_unit_test(test_many_steps_of_an_hour_make_nothing_old),
		cmocka_unit_test(test_a_step_that_no_segment_shows_yet_makes_nothing_old),
		cmocka_unit_test(test_age_goes_on_by_the_monotonic_clock),
		cmocka_unit_test(test_a_start_in_another_decade_makes_nothing_old),
		cmocka_unit_test(test_a_year_off_by_a_synchronised_clock_is_believed),
		cmocka_unit_test(test_what_was_recorded_in_1970_is_as_young_as_what_follows),
		cmocka_unit_test(test_what_was_recorded_in_the_future_ages_from_the_step_back),
		cmocka_unit_test(test_a_wrong_time_between_two_right_ones_makes_nothing_before_it_old),
		cmocka_unit_test(test_no_hours_keep_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
