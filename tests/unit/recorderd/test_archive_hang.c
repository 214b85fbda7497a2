/* test_archive_hang.c - a disk that does not answer blocks no start, no stop and no summary. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/support/archive_cases.h"

#define LONGEST_S 120 /* a test that hangs ends then */

static _Atomic bool locking_hangs, closing_hangs;
static _Atomic int waiting; /* threads that wait for the disk */
static dev_t device;
static ino_t media; /* the file whose close() hangs */

static void wait_for_disk(_Atomic bool *hangs)
{
	atomic_fetch_add(&waiting, 1);
	while (atomic_load(hangs))
		usleep(1000);
	atomic_fetch_sub(&waiting, 1);
}

int flock(int fd, int operation)
{
	if (atomic_load(&locking_hangs))
		wait_for_disk(&locking_hangs);
	return (int)syscall(SYS_flock, fd, operation);
}

int close(int fd)
{
	struct stat status;

	if (atomic_load(&closing_hangs) && fstat(fd, &status) == 0 && status.st_dev == device && status.st_ino == media)
		wait_for_disk(&closing_hangs);
	return (int)syscall(SYS_close, fd);
}

static void until_somebody_waits(void)
{
	while (atomic_load(&waiting) == 0)
		usleep(1000);
}

static void the_start_continues_and_uses_the_folder_once_it_answers(void **state)
{
	(void)state;
	put_segment_at(1, MEDIA_WALL_US - HOUR_US);
	atomic_store(&locking_hangs, true);
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
	assert_true(archive_start(archive_case.archive, &archive_case.why));
	assert_int_equal(atomic_load(&waiting), 1);
	assert_false(archive_get_resume_point(archive_case.archive).recovered);
	assert_int_equal(summary_now().segments, 0);
	atomic_store(&locking_hangs, false);
	assert_true(archive_wait_repaired(archive_case.archive).recovered);
	assert_int_equal(summary_now().segments, 1);
	assert_string_equal(summary_now().error, "");
}

static void a_stop_does_not_wait_for_a_hanging_folder(void **state)
{
	(void)state;
	atomic_store(&locking_hangs, true);
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
	assert_true(archive_start(archive_case.archive, &archive_case.why));
	assert_true(archive_stop(archive_case.archive, 60 * US_PER_S));
	archive_close(archive_case.archive);
	archive_case.archive = NULL;
	assert_int_equal(atomic_load(&waiting), 1);
	atomic_store(&locking_hangs, false);
	while (atomic_load(&waiting) > 0)
		usleep(1000);
}

static void a_folder_that_answers_late_with_an_error_is_tried_again(void **state)
{
	(void)state;
	int other = open(recording_path(".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(syscall(SYS_flock, other, LOCK_EX), 0);
	atomic_store(&locking_hangs, true);
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
	assert_true(archive_start(archive_case.archive, &archive_case.why));
	atomic_store(&locking_hangs, false);
	while (!strstr(summary_now().error, "another recorder records into"))
		usleep(1000);
	assert_int_equal(syscall(SYS_close, other), 0);
	assert_true(archive_wait_repaired(archive_case.archive).recovered);
	assert_string_equal(summary_now().error, "");
}

static void a_hanging_keeper_does_not_block_a_stop(void **state)
{
	int fd;

	(void)state;
	archive_case_open();
	atomic_store(&fake_disk.hangs, true);
	begin_segment(&fd);
	archive_segment_grew(archive_case.archive, MEDIA_WALL_US + US_PER_S, 5000, SMALL);
	unsigned before = atomic_load(&fake_disk.syncs);
	while (atomic_load(&fake_disk.syncs) == before)
		usleep(1000);
	assert_false(archive_stop(archive_case.archive, 0));
	atomic_store(&fake_disk.hangs, false);
	assert_true(archive_stop(archive_case.archive, 60 * US_PER_S));
	close(fd);
}

static void *close_segment(void *unused)
{
	archive_segment_closed(archive_case.archive);
	return unused;
}

static void closing_a_segment_does_not_block_the_summary(void **state)
{
	struct stat status;
	pthread_t storage;
	int fd;

	(void)state;
	archive_case_open();
	begin_segment(&fd);
	assert_int_equal(fstat(fd, &status), 0);
	device = status.st_dev;
	media = status.st_ino;
	atomic_store(&closing_hangs, true);
	assert_int_equal(pthread_create(&storage, NULL, close_segment, NULL), 0);
	until_somebody_waits();
	assert_int_equal(summary_now().segments, 1);
	atomic_store(&closing_hangs, false);
	assert_int_equal(pthread_join(storage, NULL), 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_start_continues_and_uses_the_folder_once_it_answers),
		CASE(a_stop_does_not_wait_for_a_hanging_folder),
		CASE(a_folder_that_answers_late_with_an_error_is_tried_again),
		CASE(a_hanging_keeper_does_not_block_a_stop),
		CASE(closing_a_segment_does_not_block_the_summary),
	};

	alarm(LONGEST_S);
	return cmocka_run_group_tests_name("archive_hang", tests, archive_case_streams, drop_streams);
}
