/* test_set_aside.c - names, counts and deletion of the segments that are set aside. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/repair/set_aside.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"

#define FIRST  "recording_20260517_102300.mp4"
#define SECOND "recording_20260517_103300.mp4"
#define SOME_S 1779000000 /* in 2026 */

static char path[] = "/tmp/recorder-aside-XXXXXX";
static int directory;

static int make_folder(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	if (!mkdtemp(path))
		return -1;
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory >= 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	close(directory);
	return rmdir(path);
}

static void put(const char *name, off_t bytes, time_t written)
{
	int fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	const struct timespec times[2] = {{written, 0}, {written, 0}};

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, bytes), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool is_there(const char *name)
{
	return faccessat(directory, name, F_OK, 0) == 0;
}

static void it_keeps_its_index_and_gets_a_name_that_is_free(void **state)
{
	char name[SET_ASIDE_NAME_BYTES];

	(void)state;
	put(FIRST, 10, 1000);
	put("recording_20260517_102300.idx", 5, 1000);
	assert_true(set_aside_segment(directory, FIRST, name));
	assert_string_equal(name, "damaged_" FIRST);
	put(FIRST, 20, 1000);
	assert_true(set_aside_segment(directory, FIRST, name));
	assert_string_equal(name, "damaged_2_" FIRST);
	assert_true(is_there("damaged_recording_20260517_102300.idx") && !is_there("recording_20260517_102300.idx"));
	assert_int_equal(set_aside_count(directory).files, 2);
	assert_int_equal(set_aside_count(directory).bytes, 35);
	assert_int_equal(set_aside_delete(directory, INT64_MIN, false, 1000).bytes, 35);
	assert_false(is_there("damaged_recording_20260517_102300.idx"));
}

static void the_oldest_are_deleted_first_and_foreign_files_never(void **state)
{
	(void)state;
	put("damaged_" SECOND, 10, SOME_S + 2000);
	put("damaged_2_" FIRST, 10, SOME_S + 3000);
	put("damaged_picture.mp4", 10, 1000);
	put(FIRST, 10, 1000);
	assert_int_equal(set_aside_count(directory).files, 2);
	assert_int_equal(set_aside_delete(directory, (SOME_S + 1500) * US_PER_S, false, 0).files, 0);
	assert_int_equal(set_aside_delete(directory, INT64_MIN, false, 1).files, 1);
	assert_false(is_there("damaged_2_" FIRST));
	assert_int_equal(set_aside_delete(directory, (SOME_S + 2500) * US_PER_S, false, 0).files, 1);
	assert_false(is_there("damaged_" SECOND));
	assert_true(is_there("damaged_picture.mp4") && is_there(FIRST));
	unlinkat(directory, "damaged_picture.mp4", 0);
	unlinkat(directory, FIRST, 0);
}

/* The clock started in 1970, or ran ahead. */
static void an_impossible_time_makes_nothing_old(void **state)
{
	int64_t now_us = wall_now().us;

	(void)state;
	put("damaged_" FIRST, 10, 1000);
	put("damaged_" SECOND, 10, now_us / US_PER_S + 7200);
	assert_int_equal(set_aside_delete(directory, now_us, false, 0).files, 0);
	assert_int_equal(set_aside_delete(directory, INT64_MIN, false, 0).files, 0);
	assert_int_equal(set_aside_delete(directory, now_us, true, 0).files, 2);
}

/* A folder cannot be unlinked. */
static void undeletable_files_are_reported_and_not_counted_as_deleted(void **state)
{
	struct set_aside_files gone;

	(void)state;
	assert_int_equal(mkdirat(directory, "damaged_" FIRST, 0750), 0);
	put("damaged_" SECOND, 10, SOME_S + 2000);
	gone = set_aside_delete(directory, INT64_MIN, false, 1);
	assert_int_equal(gone.error, EISDIR);
	assert_int_equal(gone.files, 1);
	assert_int_equal(gone.bytes, 10);
	assert_true(is_there("damaged_" FIRST) && !is_there("damaged_" SECOND));
	assert_int_equal(unlinkat(directory, "damaged_" FIRST, AT_REMOVEDIR), 0);
	assert_int_equal(set_aside_delete(directory, INT64_MIN, false, 1).error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_keeps_its_index_and_gets_a_name_that_is_free),
		cmocka_unit_test(the_oldest_are_deleted_first_and_foreign_files_never),
		cmocka_unit_test(an_impossible_time_makes_nothing_old),
		cmocka_unit_test(undeletable_files_are_reported_and_not_counted_as_deleted),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
