/* test_archive_retention_disk.c - retention where deleting gives no room at once, or cannot be done. The free bytes of
 * the disk and the kernel's answer to unlinkat() are the test's. */
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
static _Atomic unsigned looks, asked_at_look; /* at the disk; mono_asked at the last of them */
static _Atomic bool gives_back;
static uint64_t file_bytes;
static char refused[SEGMENT_FILE_BYTES];

int fstatvfs(int fd, struct statvfs *out)
{
	(void)fd;
	/* Each look finds another size, which says how far the keeper has come. */
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

/* The keeper has looked at the disk so often, the last time at the end of its round, where it asks the clock twice: for
 * when the next one is due, and for how long it may sleep. */
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

/* Ten segments, of the same size; of the last hours. */
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

/* The keeper's next round is due, and done. */
static void one_round(void)
{
	unsigned before = atomic_load(&looks);

	fake_clock.mono_ahead_us += 6 * US_PER_S;
	archive_segment_closed(archive_case.archive); /* wakes it */
	wait_until_idle(before + 1);
}

static void what_readers_hold_is_no_reason_to_delete_more(void **state)
{
	(void)state;
	start_with_ten();
	atomic_store(&gives_back, false);
	atomic_store(&free_now, (uint64_t)(2 * GB) - file_bytes / 2);
	archive_set_retention(archive_case.archive, &(struct config_retention){.min_free_gb = 2});
	for (int i = 0; i < 4; i++)
		one_round();
	assert_int_equal(summary_now().segments, 9);
	assert_int_equal(summary_now().tally.deleted_segments, 1);
	/* Half of what should be free: now it counts. */
	atomic_store(&free_now, (uint64_t)(0.99 * GB));
	one_round();
	assert_int_in_range(summary_now().segments, 0, 1);
}

static void what_comes_back_is_counted_once(void **state)
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

static void what_cannot_be_deleted_stays_listed_and_others_go(void **state)
{
	(void)state;
	start_with_ten();
	snprintf(refused, sizeof(refused), "%s", archive_case.listed[0].file);
	archive_set_retention(archive_case.archive, &(struct config_retention){.hours = 17.5});
	for (int i = 0; i < 3; i++) {
		one_round();
		assert_int_equal(summary_now().segments, 9);
		assert_int_equal(summary_now().tally.deleted_segments, 1);
		assert_non_null(strstr(summary_now().trouble, "cannot delete"));
		assert_non_null(strstr(summary_now().trouble, refused));
	}
	read_list();
	ASSERT_LISTED(1, 3, 4, 5, 6, 7, 8, 9, 10);
	/* A minute later it can. */
	refused[0] = '\0';
	fake_clock.mono_ahead_us += 60 * US_PER_S;
	one_round();
	assert_int_equal(summary_now().segments, 8);
	assert_string_equal(summary_now().trouble, "");
	close_and_list();
	ASSERT_LISTED(3, 4, 5, 6, 7, 8, 9, 10);
}

/* Where room is wanted, the next ones in turn give it. */
static void what_cannot_be_deleted_keeps_no_room(void **state)
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
		DISK_CASE(what_readers_hold_is_no_reason_to_delete_more),
		DISK_CASE(what_comes_back_is_counted_once),
		DISK_CASE(what_cannot_be_deleted_stays_listed_and_others_go),
		DISK_CASE(what_cannot_be_deleted_keeps_no_room),
	};

	return cmocka_run_group_tests_name("retain_disk", tests, archive_case_streams, drop_streams);
}
