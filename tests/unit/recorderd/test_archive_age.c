/* test_archive_age.c - how old segments are, with clocks that were set in every way, in one boot and in several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/fakes/fake_clock.h"

static bool fake_is_synchronised(void);
static void fake_boot_id(uint8_t out[16]);
static int64_t fake_slept_us(void);

#define archive_clock_is_synchronised fake_is_synchronised
#define clock_boot_id                 fake_boot_id
#define clock_suspended_us            fake_slept_us
#include "recorderd/archive/archive_age.c"
#undef archive_clock_is_synchronised
#undef clock_boot_id
#undef clock_suspended_us

#define HOURS(n) ((int64_t)((n) * (double)HOUR_US))
#define YEARS(n) ((n)*365.25 * 24)
#define NOBODY   0 /* an unknown boot */
#define THIS     9 /* this boot; others are 1 to 8 */
#define MOST     8

static bool synchronised;
static double slept_hours;

static bool fake_is_synchronised(void)
{
	return synchronised;
}

static void fake_boot_id(uint8_t out[16])
{
	memset(out, THIS, 16);
}

static int64_t fake_slept_us(void)
{
	return HOURS(slept_hours);
}

/* An archive of up to 8 segments of an hour each, kept for 72 hours, by a recorder that was started 100 hours ago. */
struct fixture {
	struct config config;
	struct archive_segment segments[MOST];
	struct archive_segment_age verdicts[MOST];
	struct archive archive;
};

static void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	fixture->archive = (struct archive){
		.config = &fixture->config,
		.segments = fixture->segments,
		.retention.hours = 72,
		.opened_mono_us = mono_now().us,
	};
	synchronised = false;
	slept_hours = 0;
}

static int start_clock(void **state)
{
	(void)state;
	fake_clock.mono_ahead_us = HOURS(1e5); /* so high that everything before is positive */
	return 0;
}

/* A segment that ended so many hours ago by its own wall clock, and so many by the monotonic clock of its boot. */
static void add(struct fixture *fixture, int boot, double wall_hours, double mono_hours)
{
	int64_t end_us = wall_now().us - HOURS(wall_hours), end_mono_us = mono_now().us - HOURS(mono_hours);
	struct archive_segment *segment = &fixture->segments[fixture->archive.count++];

	*segment = (struct archive_segment){
		.phase = PHASE_COMPLETE,
		.seen_mono_us = mono_now().us,
		.entry = {.start_wall_us = end_us - HOUR_US,
			  .end_wall_us = end_us,
			  .first_mono_us = end_mono_us - HOUR_US},
	};
	memset(segment->entry.boot_id, boot, sizeof(segment->entry.boot_id));
}

static void assert_old_and(struct fixture *fixture, unsigned doubts, const char *wanted)
{
	char old[MOST + 1] = "";

	archive_age_assess(&fixture->archive, fixture->verdicts);
	for (size_t i = 0; i < fixture->archive.count; i++)
		old[i] = fixture->verdicts[i].old ? 'x' : '-';
	assert_string_equal(old, wanted);
	assert_int_equal(fixture->archive.clock_doubts, doubts);
}

#define assert_old(fixture, wanted) assert_old_and(fixture, 0, wanted)

static void segments_older_than_the_limit_are_old(void **state)
{
	(void)state;
	for (int synced = 0; synced < 2; synced++) {
		struct fixture fixture;

		fixture_init(&fixture);
		synchronised = synced;
		add(&fixture, 1, 100, 0);
		add(&fixture, 2, 72.1, 0);
		add(&fixture, 3, 71.9, 0);
		add(&fixture, THIS, 72.1, 72.1);
		add(&fixture, THIS, 71.9, 71.9);
		add(&fixture, NOBODY, 72.1, 0);
		add(&fixture, NOBODY, 71.9, 0);
		assert_old(&fixture, "xx-x-x-");
	}
}

/* 12 segments of two days ago are among those of tonight. All are younger than 72 hours. */
static void the_order_of_the_list_makes_nothing_old(void **state)
{
	(void)state;
	for (int synced = 0; synced < 2; synced++) {
		struct fixture fixture;

		fixture_init(&fixture);
		synchronised = synced;
		for (int i = 0; i < MOST / 2; i++) {
			add(&fixture, 1, 50 - i, 50 - i);
			add(&fixture, THIS, 8 - i, 8 - i);
		}
		assert_old(&fixture, "--------");
		fixture.archive.retention.hours = 48.5;
		assert_old(&fixture, "x-x-----");
	}
}

static void a_clock_step_does_not_age_segments_of_this_boot(void **state)
{
	static const double steps[] = {10, -10, 0.4, 1, -1};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		for (int synced = 0; synced < 2; synced++) {
			struct fixture fixture;

			fixture_init(&fixture);
			synchronised = synced;
			add(&fixture, THIS, YEARS(steps[i]) + 73, 73);
			add(&fixture, THIS, YEARS(steps[i]) + 71, 71);
			add(&fixture, THIS, 0, 0);
			assert_old_and(&fixture, synced ? 0 : RETENTION_DELAY_CLOCK_SET, "x--");
		}
}

static void an_unsynchronised_clock_step_does_not_age_other_boots(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	add(&fixture, 1, YEARS(10) + 100, 100);
	add(&fixture, 1, YEARS(10) + 50, 50);
	add(&fixture, THIS, YEARS(10) + 10, 10);
	add(&fixture, THIS, 0, 0);
	assert_old_and(&fixture, RETENTION_DELAY_CLOCK_SET, "x---");
	/* Once everything recorded before the step is gone, the new time is trusted. */
	fixture.archive.count = 0;
	add(&fixture, 1, YEARS(10) + 50, 0);
	add(&fixture, 2, 50, 0);
	add(&fixture, THIS, 0, 0);
	assert_old(&fixture, "x--");
}

static void a_start_in_another_decade_ages_nothing(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	add(&fixture, 1, YEARS(10) + 100, 100);
	add(&fixture, 1, YEARS(10), 0);
	assert_old_and(&fixture, RETENTION_DELAY_CLOCK_JUMPED, "x-");
	add(&fixture, THIS, 0, 0);
	assert_old_and(&fixture, RETENTION_DELAY_CLOCK_JUMPED, "x--");
	fixture.archive.opened_mono_us = mono_now().us - HOURS(73); /* now the recorder has run for 73 hours */
	assert_old(&fixture, "xx-");
	fixture.archive.opened_mono_us = mono_now().us;
	synchronised = true;
	assert_old(&fixture, "xx-");
}

static void a_clock_setting_applies_to_the_whole_boot(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	synchronised = true;
	add(&fixture, 1, YEARS(56), 30);
	add(&fixture, 1, 28, 28);
	add(&fixture, 2, YEARS(2), 90); /* the clock continued from when it was switched off, not from 1970 */
	add(&fixture, 2, 88, 88);
	fixture.segments[3].entry.gap_cause = GAP_CLOCK;
	add(&fixture, 3, YEARS(-1), 20);
	add(&fixture, 3, 18, 18);
	assert_old(&fixture, "--xx--");
	assert_true(fixture.verdicts[4].end_us < fixture.verdicts[5].end_us);
}

static void a_boot_in_1970_counts_as_recorded_after_the_segments_before_it(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	synchronised = true;
	add(&fixture, 1, 10, 0);
	add(&fixture, 2, YEARS(56), 0);
	add(&fixture, THIS, 0, 0);
	assert_old(&fixture, "---");
	fixture.archive.count = 0;
	add(&fixture, 2, YEARS(56), 0);
	fixture.segments[0].entry.last_wall_us = wall_now().us - HOURS(20);
	assert_old(&fixture, "-");
	fixture.segments[0].entry.last_wall_us -= HOURS(53);
	assert_old(&fixture, "x");
}

static void segments_from_the_future_expire_by_the_time_they_have_been_known(void **state)
{
	(void)state;
	for (int synced = 0; synced < 2; synced++) {
		struct fixture fixture;

		fixture_init(&fixture);
		synchronised = synced;
		add(&fixture, 1, YEARS(-1), 0);
		add(&fixture, 2, 100, 0);
		add(&fixture, 3, YEARS(-1), 0);
		add(&fixture, THIS, 1, 1);
		add(&fixture, 4, 50, 0);
		assert_old_and(&fixture, RETENTION_DELAY_FUTURE, "-x---");
		/* It is placed before the segments that follow it. */
		assert_int_equal(fixture.verdicts[0].end_us, fixture.verdicts[1].end_us);
		assert_int_equal(fixture.verdicts[2].end_us, fixture.verdicts[3].end_us);
		fixture.segments[0].seen_mono_us = mono_now().us - HOURS(71);
		fixture.segments[2].seen_mono_us = mono_now().us - HOURS(73);
		assert_old_and(&fixture, RETENTION_DELAY_FUTURE, "-xx--");
	}
}

static void a_clock_in_1970_ages_no_other_boot(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	add(&fixture, 1, YEARS(-56), 0);
	add(&fixture, 1, YEARS(-56) - 1, 0);
	add(&fixture, THIS, 1, 1);
	add(&fixture, THIS, 0, 0);
	assert_old_and(&fixture, RETENTION_DELAY_FUTURE, "----");
	assert_true(fixture.verdicts[1].end_us <= fixture.verdicts[2].end_us);
	/* In the order of time, as if an archive had been copied into the folder. */
	fixture_init(&fixture);
	add(&fixture, THIS, 1, 1);
	add(&fixture, THIS, 0, 0);
	add(&fixture, 1, YEARS(-56), 0);
	assert_old_and(&fixture, RETENTION_DELAY_FUTURE, "---");
	assert_true(fixture.verdicts[2].end_us <= fixture.verdicts[0].end_us);
}

/* A segment may have been open for a day. */
static void what_this_boot_recorded_ages_from_its_end(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture), add(&fixture, THIS, 1, 1);
	fixture.segments[0].seen_mono_us = mono_now().us - HOURS(80);
	fixture.segments[0].entry.first_mono_us -= HOURS(80);
	fixture.segments[0].entry.start_wall_us -= HOURS(80);
	assert_old(&fixture, "-");
}

static void time_in_suspend_counts_as_age(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	slept_hours = 80;
	add(&fixture, THIS, 81, 1);
	add(&fixture, THIS, 0, 0);
	assert_old(&fixture, "x-");
	slept_hours = 0;
	assert_old_and(&fixture, RETENTION_DELAY_CLOCK_SET, "--");
}

/* No clock was set: the times before the suspend are as good as those after it. */
static void time_in_suspend_counts_as_age_in_another_boot_too(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	add(&fixture, 1, 80, 30);
	add(&fixture, 1, 29, 29);
	fixture.segments[1].entry.gap_cause = GAP_SUSPENDED;
	assert_old(&fixture, "x-");
}

/* Copies of one file with changed times in them: their own times are used. */
static void a_boot_with_contradictory_times_is_ignored(void **state)
{
	struct fixture fixture;

	(void)state;
	for (int boot = 1; boot <= THIS; boot += THIS - 1) {
		fixture_init(&fixture);
		synchronised = true;
		add(&fixture, boot, 80, 1);
		add(&fixture, boot, 73, 1);
		add(&fixture, boot, 71, 1);
		for (int i = 1; i < 3; i++)
			fixture.segments[i].entry.first_mono_us = fixture.segments[0].entry.first_mono_us;
		add(&fixture, THIS, 0, 0);
		assert_old(&fixture, "xx--");
	}
}

static void without_retention_hours_nothing_is_old(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_init(&fixture);
	synchronised = true;
	fixture.archive.retention.hours = 0;
	add(&fixture, 1, YEARS(20), 0);
	add(&fixture, THIS, 100, 100);
	fixture.segments[0].seen_mono_us = mono_now().us - HOURS(1000);
	assert_old(&fixture, "--");
	fixture.archive.retention.hours = 1e300;
	assert_old(&fixture, "--");
}

static void impossible_times_are_assessed_without_harm(void **state)
{
	static const int64_t odd[] = {0, -1, CLOCK_MAX_US - 1, INT64_MAX / 4, INT64_MIN / 4};

	(void)state;
	for (size_t i = 0; i < 5; i++)
		for (size_t j = 0; j < 5; j++)
			for (int boot = 0; boot < 10; boot += 9) {
				struct fixture fixture;

				fixture_init(&fixture);
				synchronised = i % 2;
				add(&fixture, boot, 1, 1);
				fixture.segments[0].entry.first_mono_us = odd[i];
				fixture.segments[0].entry.last_wall_us = odd[j];
				add(&fixture, THIS, 1, 1);
				archive_age_assess(&fixture.archive, fixture.verdicts);
				assert_true(fixture.verdicts[0].old == (boot == THIS && odd[i] == 0));
				assert_false(fixture.verdicts[1].old);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_older_than_the_limit_are_old),
		cmocka_unit_test(the_order_of_the_list_makes_nothing_old),
		cmocka_unit_test(a_clock_step_does_not_age_segments_of_this_boot),
		cmocka_unit_test(an_unsynchronised_clock_step_does_not_age_other_boots),
		cmocka_unit_test(a_start_in_another_decade_ages_nothing),
		cmocka_unit_test(a_clock_setting_applies_to_the_whole_boot),
		cmocka_unit_test(a_boot_in_1970_counts_as_recorded_after_the_segments_before_it),
		cmocka_unit_test(segments_from_the_future_expire_by_the_time_they_have_been_known),
		cmocka_unit_test(a_clock_in_1970_ages_no_other_boot),
		cmocka_unit_test(what_this_boot_recorded_ages_from_its_end),
		cmocka_unit_test(time_in_suspend_counts_as_age),
		cmocka_unit_test(time_in_suspend_counts_as_age_in_another_boot_too),
		cmocka_unit_test(a_boot_with_contradictory_times_is_ignored),
		cmocka_unit_test(without_retention_hours_nothing_is_old),
		cmocka_unit_test(impossible_times_are_assessed_without_harm),
	};

	return cmocka_run_group_tests(tests, start_clock, NULL);
}
