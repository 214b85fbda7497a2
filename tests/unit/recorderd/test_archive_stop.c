/* test_archive_stop.c - a recorder that is stopped during the repair. */
#include <unistd.h>

#include "tests/unit/support/archive_cases.h"
#include "tests/unit/support/in_range.h"

#define COUNT 20u

static void a_cancelled_repair_is_completed_at_the_next_start(void **state)
{
	struct archive_resume_point start;

	(void)state;
	for (uint64_t i = 1; i <= COUNT; i++)
		put_segment_at(i, MEDIA_WALL_US + HOUR_US * (int64_t)i);
	atomic_store(&fake_disk.hangs, true);
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
	assert_true(archive_start(archive_case.archive, &archive_case.why));
	while (atomic_load(&fake_disk.syncs) == 0)
		usleep(1000);
	archive_cancel_repair(archive_case.archive);
	atomic_store(&fake_disk.hangs, false);
	start = archive_wait_repaired(archive_case.archive);
	assert_false(start.recovered);
	assert_int_equal(summary_now().segments, 0);
	archive_close(archive_case.archive);
	archive_case.archive = NULL;
	assert_int_in_range(atomic_load(&fake_disk.syncs), 1, COUNT / 2);
	assert_false(recording_exists(CATALOGUE_FILE));
	start = archive_case_open();
	assert_true(start.recovered);
	assert_int_equal(start.next_segment, COUNT + 1);
	close_and_list();
	assert_int_equal(archive_case.listed_count, COUNT);
}

static void a_completed_repair_cannot_be_cancelled(void **state)
{
	int fd;

	(void)state;
	put_segment_at(1, MEDIA_WALL_US - HOUR_US);
	archive_case_open();
	archive_cancel_repair(archive_case.archive);
	begin_segment(&fd);
	close(fd);
	archive_segment_closed(archive_case.archive);
	close_and_list();
	ASSERT_LISTED(1, 9);
	assert_int_equal(archive_case.listed[1].state, CATALOGUE_COMPLETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_cancelled_repair_is_completed_at_the_next_start),
		CASE(a_completed_repair_cannot_be_cancelled),
	};

	return cmocka_run_group_tests_name("archive_stop", tests, archive_case_streams, drop_streams);
}
