/* test_archive_stop.c - a recorder that is stopped while it looks through what a crash left. */
#include "tests/unit/support/archive_cases.h"
#include "tests/unit/support/in_range.h"

#define COUNT 20u

static void a_repair_is_given_up_and_done_at_the_next_start(void **state)
{
	struct archive_start start;

	(void)state;
	for (uint64_t i = 1; i <= COUNT; i++)
		put_at(i, MEDIA_WALL_US + HOUR_US * (int64_t)i);
	atomic_store(&disk_hangs, true);
	archive = archive_open(&config, &why);
	assert_non_null(archive);
	assert_true(archive_start(archive, &why));
	while (atomic_load(&syncs) == 0)
		usleep(1000);
	archive_give_up_repair(archive);
	atomic_store(&disk_hangs, false);
	start = archive_wait(archive);
	assert_false(start.recovered);
	assert_int_equal(summary_now().segments, 0);
	archive_close(archive);
	archive = NULL;
	assert_int_in_range(atomic_load(&syncs), 1, COUNT / 2);
	assert_false(is_there(CATALOGUE_FILE));
	start = open_archive();
	assert_true(start.recovered);
	assert_int_equal(start.next_segment, COUNT + 1);
	close_and_list();
	assert_int_equal(listed_count, COUNT);
}

static void once_it_is_done_there_is_nothing_to_give_up(void **state)
{
	int fd;

	(void)state;
	put_at(1, MEDIA_WALL_US - HOUR_US);
	open_archive();
	archive_give_up_repair(archive);
	begin_segment(&fd);
	close(fd);
	archive_segment_closed(archive);
	close_and_list();
	ASSERT_LISTED(1, 9);
	assert_int_equal(listed[1].state, CATALOGUE_COMPLETE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_repair_is_given_up_and_done_at_the_next_start),
		CASE(once_it_is_done_there_is_nothing_to_give_up),
	};

	return cmocka_run_group_tests_name("archive_stop", tests, make_archive_streams, drop_streams);
}
