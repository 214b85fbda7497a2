/* test_timeline_sum.c - how much of the archives of plan_archives.h was recorded, and what is missing of it. */
#include "shared/timeline/timeline_sum.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/unit/support/plan_archives.h"

struct totals {
	int64_t span_us, gap_us, stalled_us;
	int64_t last_to_us;
};

static void on_item(const struct timeline_item *item, void *context)
{
	struct totals *totals = context;
	int64_t length_us = item->to_us - item->from_us;

	if (item->kind == TIMELINE_SPAN)
		totals->span_us += length_us;
	else
		totals->gap_us += length_us;
	if (item->kind == TIMELINE_GAP && item->cause == GAP_STALLED)
		totals->stalled_us += length_us;
	totals->last_to_us = item->to_us;
}

static bool set_back(const struct plan_archive *archive)
{
	for (size_t i = 0; i < archive->count; i++)
		if (archive->segments[i].entry.gap_cause == GAP_CLOCK)
			return true;
	return false;
}

static struct timeline_sum sum_of(const struct plan_archive *archive, int64_t from_us, int64_t to_us,
				  const struct recorder_state *state, int64_t now_us)
{
	struct timeline_sum sum;

	assert_true(timeline_sum(NULL, archive->folder, from_us, to_us, state, now_us, NULL, NULL, &sum));
	return sum;
}

/* Counts instants, since recordings may overlap each other. */
static void sums_are_those_of_the_items(void **state)
{
	static struct plan_archive archive;

	(void)state;
	for (uint32_t number = 0; number < 120; number++) {
		struct totals totals = {0};
		int64_t causes_us = 0;
		plan_archive_make(&archive, number);
		assert_true(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
		struct timeline_sum sum = sum_of(&archive, 0, INT64_MAX, NULL, START_US);
		assert_false(sum.is_ongoing); /* it is earlier than the recordings: the clock was set back */
		assert_int_equal(sum.missing_us, totals.gap_us);
		for (uint32_t cause = 0; cause < GAP_CAUSES_TOLD; cause++)
			causes_us += sum.causes[cause].us;
		assert_int_equal(causes_us, sum.missing_us);
		assert_int_equal(sum.causes[GAP_STALLED].us, totals.stalled_us);
		if (!set_back(&archive))
			assert_int_equal(timeline_sum_recorded_us(&sum), totals.span_us);
		assert_true(timeline_sum_recorded_us(&sum) <= totals.span_us);
		assert_true((timeline_sum_share(&sum) == 1000000) == (sum.missing_us == 0));
		plan_archive_drop(&archive);
	}
}

static void assert_ongoing(const struct timeline_sum *sum, int64_t from_us, int64_t to_us, uint32_t cause)
{
	assert_true(sum->is_ongoing);
	assert_int_equal(sum->ongoing.from_us, from_us);
	assert_int_equal(sum->ongoing.to_us, to_us);
	assert_int_equal(sum->ongoing.cause, cause);
	assert_int_equal(sum->to_us, to_us);
	assert_true(sum->missing_us >= to_us - from_us);
}

static void what_is_not_recorded_now_is_missing(void **state)
{
	static struct plan_archive archive;
	struct totals totals = {0};
	struct recorder_state camera = {.camera_state = CAMERA_STREAMING, .recording_state = RECORDING_ON};
	const int64_t minute_us = 60 * US_PER_S;

	(void)state;
	plan_archive_make(&archive, 3);
	assert_true(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
	int64_t end_us = totals.last_to_us, now_us = end_us + 10 * minute_us;

	struct timeline_sum sum = sum_of(&archive, 0, INT64_MAX, NULL, now_us);
	assert_ongoing(&sum, end_us, now_us, GAP_RECORDER_DOWN);
	sum = sum_of(&archive, end_us + minute_us, end_us + 2 * minute_us, NULL, now_us);
	assert_ongoing(&sum, end_us + minute_us, end_us + 2 * minute_us, GAP_RECORDER_DOWN);
	assert_int_equal(timeline_sum_share(&sum), 0);
	assert_int_equal(timeline_sum_recorded_us(&sum), 0);
	sum = sum_of(&archive, 0, INT64_MAX, &camera, now_us);
	assert_ongoing(&sum, end_us, now_us, GAP_DISK);
	camera.recording_state = RECORDING_OFF;
	sum = sum_of(&archive, 0, INT64_MAX, &camera, now_us);
	assert_ongoing(&sum, end_us, now_us, GAP_OFF);
	camera = (struct recorder_state){.camera_state = CAMERA_WAITING, .recording_state = RECORDING_WAITING};
	sum = sum_of(&archive, 0, INT64_MAX, &camera, now_us);
	assert_ongoing(&sum, end_us, now_us, GAP_UNPLUGGED);

	/* The past is not touched by that, nor is footage that is on its way. */
	assert_false(sum_of(&archive, 0, end_us, NULL, now_us).is_ongoing);
	assert_false(sum_of(&archive, 0, INT64_MAX, NULL, end_us + 1).is_ongoing);
	camera = (struct recorder_state){.camera_state = CAMERA_STREAMING, .recording_state = RECORDING_ON};
	assert_false(sum_of(&archive, 0, INT64_MAX, &camera, end_us + TIMELINE_COMING_US - 1).is_ongoing);
	assert_true(sum_of(&archive, 0, INT64_MAX, &camera, end_us + TIMELINE_COMING_US).is_ongoing);
	plan_archive_drop(&archive);
}

static void an_empty_archive_is_missing_nothing(void **state)
{
	char path[] = "/tmp/recorder-test-XXXXXX";
	struct timeline_sum sum;

	(void)state;
	assert_non_null(mkdtemp(path));
	int folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(timeline_sum(NULL, folder, 0, INT64_MAX, NULL, START_US, NULL, NULL, &sum));
	assert_int_equal(sum.to_us - sum.from_us, 0);
	assert_false(sum.is_ongoing);
	assert_int_equal(timeline_sum_share(&sum), 0);
	close(folder);
	rmdir(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_are_those_of_the_items),
		cmocka_unit_test(what_is_not_recorded_now_is_missing),
		cmocka_unit_test(an_empty_archive_is_missing_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
