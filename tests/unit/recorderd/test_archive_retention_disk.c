/* test_archive_retention_disk.c - retention when deleting frees no space at once, or fails. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/support/archive_cases.h"
#include "tests/unit/support/in_range.h"

#define GB         1e9
#define DISK_BYTES (UINT64_C(1) << 32)

static _Atomic uint64_t free_now;
static _Atomic unsigned looks, asked_at_look; /* calls of fstatvfs(), and mono_asked at the last of them */
static _Atomic bool gives_back;
static uint64_t file_bytes;
static char refused[SEGMENT_FILE_BYTES];

int fstatvfs(int fd, struct statvfs *out)
{
	(void)fd;
	/* Each call returns another size, which shows how far the keeper has come. */
	*out = (struct statvfs){.f_frsize = 1, .f_bavail = atomic_load(&free_now), .f_blocks = DISK_BYTES + looks + 1};
	atomic_store(&asked_at_look, atomic_load(&fake_clock.mono_asked));
	atomic_fetch_add(&looks, 1);
	return 0;
}

int unlinkat(int fd, const char *name, int flags)
{
	if (refused[0] && strcmp(name, refused) == 0) {
		errno = EPERM;
		return -1;
	}
	if (strstr(name, ".mp4") && atomic_load(&gives_back))
		atomic_fetch_add(&free_now, file_bytes);
	return (int)syscall(SYS_unlinkat, fd, name, flags);
}

static int start_disk(void **state)
{
	refused[0] = '\0';
	atomic_store(&free_now, (uint64_t)(10 * GB));
	atomic_store(&gives_back, true);
	return archive_case_begin(state);
}

#define DISK_CASE(name) cmocka_unit_test_setup_teardown(name, start_disk, archive_case_end)

/*
 * Waits until the keeper has called fstatvfs() so often and sleeps. At the end of a round it calls it once more, and
 * then reads the clock twice: for when the next round is due, and for how long it may sleep.
 */
static bool is_idle(unsigned least_looks)
{
	unsigned seen = atomic_load(&looks);

	return seen >= least_looks && summary_now().disk_total_bytes == DISK_BYTES + seen &&
	       atomic_load(&fake_clock.mono_asked) >= atomic_load(&asked_at_look) + 2;
}

static void wait_until_idle(unsigned least_looks)
{
	for (int tries = 0; !is_idle(least_looks); tries++) {
		assert_int_in_range(tries, 0, 60000);
		usleep(1000);
	}
}

/* Ten segments of the last hours, of the same size. */
static void start_with_ten(void)
{
	for (uint64_t i = 1; i <= 10; i++)
		put_segment_at(i, wall_now().us - HOUR_US * (int64_t)(20 - i));
	archive_case_open();
	close_and_list();
	file_bytes = archive_case.listed[0].size_bytes;
	unsigned before = atomic_load(&looks);
	archive_case_open();
	wait_until_idle(before + 2); /* at the start, and in the first round */
}

/* Has the keeper do its next round. */
static void one_round(void)
{
	unsigned before = atomic_load(&looks);

	fake_clock.mono_ahead_us += 6 * US_PER_S;
	archive_segment_closed(archive_case.archive); /* wakes it */
	wait_until_idle(before + 1);
}

static void space_held_by_readers_does_not_delete_more(void **state)
{
	(void)state;
	start_with_ten();
	atomic_store(&gives_back, false);
	atomic_store(&free_now, (uint64_t)(2 * GB) - file_bytes / 2);
	archive_set_retention(archive_case.archive, &(struct config_retention){.min_free_gb = 2});
	for (int i = 0; i < 4; i++)
		one_round();
	assert_int_equal(summary_now().segments, 9);
	assert_int_equal(summary_now().counters.deleted_segments, 1);
	/* Less than half of what should be free is free: now it counts. */
	atomic_store(&free_now, (uint64_t)(0.99 * GB));
	one_round();
	assert_int_in_range(summary_now().segments, 0, 1);
}

static void space_that_is_freed_late_is_counted_once(void **state)
{
	(void)state;
	start_with_ten();
	atomic_store(&gives_back, false);
	atomic_store(&free_now, (uint64_t)(2 * GB) - file_bytes / 2);
	archive_set_retention(archive_case.archive, &(struct config_retention){.min_free_gb = 2});
	one_round();
	assert_int_equal(summary_now().segments, 9);
	atomic_fetch_add(&free_now, file_bytes);
	one_round();
	atomic_fetch_sub(&free_now, file_bytes); /* somebody else writes */
	one_round();
	assert_int_equal(summary_now().segments, 8);
}

static void undeletable_segments_remain_listed_and_others_are_deleted(void **state)
{
	(void)state;
	start_with_ten();
	snprintf(refused, sizeof(refused), "%s", archive_case.listed[0].file);
	archive_set_retention(archive_case.archive, &(struct config_retention){.hours = 17.5});
	for (int i = 0; i < 3; i++) {
		one_round();
		assert_int_equal(summary_now().segments, 9);
		assert_int_equal(summary_now().counters.deleted_segments, 1);
		assert_non_null(strstr(summary_now().error, "cannot delete"));
		assert_non_null(strstr(summary_now().error, refused));
	}
	read_list();
	ASSERT_LISTED(1, 3, 4, 5, 6, 7, 8, 9, 10);
	/* A minute later it can be deleted. */
	refused[0] = '\0';
	fake_clock.mono_ahead_us += 60 * US_PER_S;
	one_round();
	assert_int_equal(summary_now().segments, 8);
	assert_string_equal(summary_now().error, "");
	close_and_list();
	ASSERT_LISTED(3, 4, 5, 6, 7, 8, 9, 10);
}

/* If room is needed, the next segments are deleted instead. */
static void undeletable_segments_do_not_protect_the_next(void **state)
{
	(void)state;
	start_with_ten();
	snprintf(refused, sizeof(refused), "%s", archive_case.listed[0].file);
	atomic_store(&free_now, (uint64_t)(2 * GB) - file_bytes / 2);
	archive_set_retention(archive_case.archive, &(struct config_retention){.min_free_gb = 2});
	one_round();
	one_round();
	assert_int_equal(summary_now().segments, 9);
	assert_true(atomic_load(&free_now) >= (uint64_t)(2 * GB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DISK_CASE(space_held_by_readers_does_not_delete_more),
		DISK_CASE(space_that_is_freed_late_is_counted_once),
		DISK_CASE(undeletable_segments_remain_listed_and_others_are_deleted),
		DISK_CASE(undeletable_segments_do_not_protect_the_next),
	};

	return cmocka_run_group_tests_name("archive_retention_disk", tests, archive_case_streams, drop_streams);
}
