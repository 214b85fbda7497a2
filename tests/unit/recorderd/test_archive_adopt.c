/* test_archive_adopt.c - files are deleted by hand, or the path leads to another archive, while the recorder runs. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/support/archive_cases.h"

static void shell(const char *command)
{
	struct buffer out = output_of("cd '%s' && %s", media_folder, command);

	buffer_free(&out);
}

/* An archive of the segments 20 to 22 that a recorder has left in the folder "older". */
static void make_older(bool listed_too)
{
	for (uint64_t i = 0; i < 3; i++)
		put_segment_at(20 + i, MEDIA_WALL_US - HOUR_US * (int64_t)(3 - i));
	archive_case_open();
	close_and_list();
	ASSERT_LISTED(20, 21, 22);
	if (!listed_too)
		assert_int_equal(unlink(recording_path(CATALOGUE_FILE)), 0);
	shell("mv recordings older && mkdir recordings");
}

/* Follows the path as the storage thread does. */
static void record(uint64_t segment_no)
{
	const struct segment_info info = {
		.segment_no = segment_no, .run_no = 5, .first_wall_us = MEDIA_WALL_US + HOUR_US * (int64_t)segment_no};
	struct catalogue_entry entry = {
		.segment_no = segment_no, .run_no = 5, .start_wall_us = info.first_wall_us, .media_at = 100};
	char name[SEGMENT_FILE_BYTES];
	int fd = archive_follow_folder(archive_case.archive, &archive_case.why);

	assert_true(fd >= 0);
	close(fd);
	put_segment(&info, name);
	snprintf(entry.file, sizeof(entry.file), "%s", name);
	fd = open(recording_path(name), O_RDWR | O_CLOEXEC);
	archive_segment_opened(archive_case.archive, &entry, fd);
	close(fd);
	archive_segment_closed(archive_case.archive);
}

static void wait_for_segments(uint64_t count)
{
	for (int tries = 0; tries < 6000 && summary_now().segments != count; tries++)
		usleep(10000);
	assert_int_equal(summary_now().segments, count);
}

static void replaced_by_older(bool listed_too)
{
	make_older(listed_too);
	archive_case_open();
	record(1);
	wait_for_segments(1);
	shell("mv recordings gone && mv older recordings");
	record(2);
	wait_for_segments(4);
	assert_true(archive_get_resume_point(archive_case.archive).next_segment >= 23);
	close_and_list();
	ASSERT_LISTED(20, 21, 22, 2);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(archive_case.listed[i].state, CATALOGUE_COMPLETE);
	shell("rm -r gone");
}

static void segments_of_an_adopted_folder_are_listed_first(void **state)
{
	(void)state;
	replaced_by_older(true);
}

static void segments_of_an_adopted_folder_without_a_list_are_listed_too(void **state)
{
	(void)state;
	replaced_by_older(false);
}

/* A disk was away for a moment. Every segment is listed once, as before. */
static void a_folder_that_comes_back_is_listed_as_before(void **state)
{
	(void)state;
	make_older(true);
	shell("rmdir recordings && mv older recordings");
	archive_case_open();
	wait_for_segments(3);
	shell("mv recordings away && mkdir recordings");
	record(23);
	wait_for_segments(1);
	shell("mv recordings gone && mv away recordings");
	record(24);
	wait_for_segments(4);
	shell("mv recordings away && cp -a away recordings");
	int fd = archive_follow_folder(archive_case.archive, &archive_case.why);
	close(fd);
	usleep(50000);
	wait_for_segments(4);
	close_and_list();
	ASSERT_LISTED(20, 21, 22, 24);
	shell("rm -r gone away");
}

static void numbers_continue_above_those_of_an_adopted_folder(void **state)
{
	(void)state;
	make_older(true);
	assert_int_equal(archive_case_open().next_segment, 1);
	shell("mv recordings gone && mv older recordings");
	int fd = archive_follow_folder(archive_case.archive, &archive_case.why);
	close(fd);
	assert_int_equal(archive_get_resume_point(archive_case.archive).next_segment, 23);
	wait_for_segments(3);
	shell("rm -r gone");
}

static void segments_deleted_by_hand_are_taken_off_the_list(void **state)
{
	uint64_t bytes;

	(void)state;
	make_older(true);
	shell("rmdir recordings && mv older recordings");
	archive_case_open();
	wait_for_segments(3);
	bytes = summary_now().bytes;
	shell("rm recordings/*.mp4");
	wait_for_segments(0);
	assert_true(bytes > 0);
	assert_int_equal(summary_now().bytes, 0);
	close_and_list();
	assert_int_equal(archive_case.listed_count, 0);
}

static void a_segment_that_cannot_be_read_is_counted(void **state)
{
	(void)state;
	put_segment_at(7, MEDIA_WALL_US);
	assert_int_equal(symlink("nowhere", recording_path("recording_20270115_090000.mp4")), 0);
	archive_case_open();
	assert_int_equal(summary_now().segments, 1);
	assert_int_equal(summary_now().unread, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(segments_of_an_adopted_folder_are_listed_first),
		CASE(segments_of_an_adopted_folder_without_a_list_are_listed_too),
		CASE(a_folder_that_comes_back_is_listed_as_before),
		CASE(numbers_continue_above_those_of_an_adopted_folder),
		CASE(segments_deleted_by_hand_are_taken_off_the_list),
		CASE(a_segment_that_cannot_be_read_is_counted),
	};

	return cmocka_run_group_tests_name("archive_adopt", tests, archive_case_streams, drop_streams);
}
