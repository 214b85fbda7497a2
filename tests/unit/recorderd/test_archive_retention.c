/* test_archive_retention.c - which segments retention deletes. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/archive_cases.h"

static void one_round(void)
{
	assert_true(archive_case_open().recovered);
	close_and_list();
	for (size_t i = 0; i < archive_case.listed_count; i++)
		assert_true(recording_exists(archive_case.listed[i].file));
}

static int64_t ago(double hours)
{
	return wall_now().us - (int64_t)(hours * (double)HOUR_US);
}

static size_t files_left(void)
{
	struct buffer out = output_of("ls '%s' | grep -c '^recording_[0-9].*\\(mp4\\|idx\\)$' || true",
				      archive_case.config.record.directory);
	size_t count = strtoul((char *)out.data, NULL, 10);

	buffer_free(&out);
	return count;
}

static void without_limits_nothing_is_deleted(void **state)
{
	(void)state;
	put_segment_at(1, ago(9000));
	put_segment_at(2, ago(1));
	one_round();
	ASSERT_LISTED(1, 2);
}

static void an_old_segment_is_deleted_with_its_index(void **state)
{
	(void)state;
	archive_case.config.retention.hours = 72;
	put_segment_at(1, ago(80));
	put_segment_at(2, ago(73));
	put_segment_at(3, ago(71));
	put_segment_at(4, ago(1));
	one_round();
	ASSERT_LISTED(3, 4);
	assert_int_equal(files_left(), 4);
}

static void above_max_gb_the_oldest_are_deleted(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= 5; i++)
		put_segment_at(i, ago(10 - (double)i));
	one_round();
	archive_case.config.retention.max_gb = (double)(2 * archive_case.listed[0].size_bytes + 1000) / 1e9;
	one_round();
	ASSERT_LISTED(4, 5);
	assert_int_equal(files_left(), 4);
}

static void within_max_gb_nothing_is_deleted(void **state)
{
	(void)state;
	archive_case.config.retention.max_gb = 0.001;
	put_segment_at(1, ago(2));
	put_segment_at(2, ago(1));
	one_round();
	ASSERT_LISTED(1, 2);
}

static void for_free_space_every_finished_segment_may_be_deleted(void **state)
{
	(void)state;
	archive_case.config.retention.min_free_gb = 1e9;
	for (uint64_t i = 1; i <= 5; i++)
		put_segment_at(i, ago(10 - (double)i));
	one_round();
	assert_int_equal(archive_case.listed_count, 0);
	assert_int_equal(files_left(), 0);
}

static void the_open_segment_is_never_deleted(void **state)
{
	struct catalogue_entry entry = {.segment_no = 2, .run_no = 1, .start_wall_us = ago(100), .media_at = 1};
	int fd;

	(void)state;
	put_segment_at(1, ago(200));
	assert_true(archive_case_open().recovered);
	segment_file_name(entry.start_wall_us, 1, entry.file);
	file_write(recording_path(entry.file), "x", 1);
	fd = open(recording_path(entry.file), O_RDWR | O_CLOEXEC);
	archive_set_retention(archive_case.archive, &(struct config_retention){.hours = 1, .min_free_gb = 1e9});
	fake_clock.mono_ahead_us += 60 * US_PER_S; /* the next round is due */
	archive_segment_opened(archive_case.archive, &entry, fd);
	close(fd);
	for (int i = 0; i < 60000 && files_left() > 1; i++)
		usleep(1000);
	assert_true(recording_exists(entry.file));
	assert_int_equal(files_left(), 1);
	read_list();
	ASSERT_LISTED(2);
}

static void a_segment_that_cannot_be_finished_is_deleted_in_its_turn(void **state)
{
	(void)state;
	put_segment_at(1, ago(100));
	put_segment_at(2, ago(90));
	put_segment_at(3, ago(80));
	put_segment_at(4, ago(30));
	atomic_store(&fake_disk.fails, true);
	one_round();
	ASSERT_LISTED(1, 2, 3, 4);
	assert_int_equal(archive_case.listed[0].state, CATALOGUE_RECORDING);
	archive_case.config.retention.hours = 72;
	one_round();
	atomic_store(&fake_disk.fails, false);
	ASSERT_LISTED(4);
	assert_int_equal(files_left(), 2);
}

static uint64_t bytes_in_folder(void)
{
	struct buffer out = output_of("cat '%s'/recording_[0-9]*.mp4 | wc -c", archive_case.config.record.directory);
	uint64_t bytes = strtoull((char *)out.data, NULL, 10);

	buffer_free(&out);
	return bytes;
}

/* After the repair, retention, growth and the finishing of a segment. */
static void the_byte_count_is_that_of_all_segments(void **state)
{
	struct stat media;
	int fd;

	(void)state;
	archive_case.config.retention.hours = 72;
	for (uint64_t i = 1; i <= 4; i++)
		put_segment_at(i, wall_now().us - (int64_t)(100 - 20 * i) * HOUR_US);
	archive_case_open();
	for (int i = 0; i < 60000 && summary_now().segments > 3; i++)
		usleep(1000);
	assert_int_equal(summary_now().segments, 3);
	assert_int_equal(summary_now().bytes, bytes_in_folder());
	begin_segment(&fd);
	assert_int_equal(fstat(fd, &media), 0);
	archive_segment_grew(archive_case.archive, MEDIA_WALL_US + 5, (uint64_t)media.st_size, 2);
	assert_int_equal(summary_now().bytes, bytes_in_folder());
	close(fd);
	archive_segment_closed(archive_case.archive);
	for (int i = 0; i < 60000 && summary_now().bytes != bytes_in_folder(); i++)
		usleep(1000);
	assert_true(bytes_in_folder() > (uint64_t)media.st_size);
	assert_int_equal(summary_now().bytes, bytes_in_folder());
}

static void a_reader_of_a_deleted_segment_reads_it_to_its_end(void **state)
{
	char name[SEGMENT_FILE_BYTES];
	struct stat before, after;
	int fd;

	(void)state;
	fake_ntp.is_synchronised = true;
	put_segment(&(struct segment_info){.segment_no = 1, .run_no = 1, .first_wall_us = ago(80)}, name);
	one_round();
	fd = open(recording_path(name), O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(fd, &before), 0);
	archive_case.config.retention.hours = 72;
	one_round();
	assert_false(recording_exists(name));
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_size, before.st_size);
	close(fd);
}

static void a_clock_that_starts_in_2036_deletes_nothing_by_age(void **state)
{
	(void)state;
	archive_case.config.retention.hours = 72;
	put_segment_at(1, ago(20));
	put_segment_at(2, ago(10));
	fake_clock.wall_ahead_us = 10 * 8766 * HOUR_US;
	assert_true(archive_case_open().recovered);
	for (int i = 0; i < 60000 && !summary_now().clock_doubts; i++)
		usleep(1000);
	assert_int_equal(summary_now().clock_doubts, RETENTION_DELAY_CLOCK_JUMPED);
	close_and_list();
	fake_clock.wall_ahead_us = 0;
	ASSERT_LISTED(1, 2);
}

static void segments_of_2036_or_1970_delete_nothing_by_age(void **state)
{
	(void)state;
	archive_case.config.retention.hours = 72;
	put_segment_at(1, ago(20));
	put_segment_at(2, ago(-87660));
	put_segment_at(3, ago(10));
	put_segment_at(4, 5 * US_PER_S);
	put_segment_at(5, ago(1));
	one_round();
	ASSERT_LISTED(1, 2, 3, 4, 5);
}

/* The clock ran ahead and was set back: nobody knows how old the segments are, and /health says so. */
static void segments_from_the_future_are_kept(void **state)
{
	(void)state;
	archive_case.config.retention.hours = 1.5 / 3600;
	for (uint64_t i = 1; i <= 5; i++)
		put_segment_at(i, ago(-87660) + (int64_t)i * US_PER_S);
	archive_case_open();
	for (int i = 0; i < 60000 && !summary_now().clock_doubts; i++)
		usleep(1000);
	assert_int_equal(summary_now().clock_doubts, RETENTION_DELAY_FUTURE);
	close_and_list();
	ASSERT_LISTED(1, 2, 3, 4, 5);
}

static void a_synchronised_wall_clock_is_trusted(void **state)
{
	(void)state;
	fake_ntp.is_synchronised = true;
	archive_case.config.retention.hours = 72;
	put_segment_at(1, 5 * US_PER_S);
	put_segment_at(2, ago(80));
	put_segment_at(3, ago(1));
	one_round();
	ASSERT_LISTED(3);
}

/* The segments after it do not tell its age. */
static void a_segment_from_the_future_is_not_deleted_with_those_after_it(void **state)
{
	(void)state;
	fake_ntp.is_synchronised = true;
	archive_case.config.retention.hours = 72;
	put_segment_at(1, ago(-87660));
	put_segment_at(2, ago(100));
	put_segment_at(3, ago(-87650));
	put_segment_at(4, ago(1));
	one_round();
	ASSERT_LISTED(1, 3, 4);
}

static void recent_segments_after_one_from_1970_are_kept(void **state)
{
	(void)state;
	fake_ntp.is_synchronised = true;
	archive_case.config.retention.hours = 72;
	put_segment_at(1, ago(10));
	put_segment_at(2, 5 * US_PER_S);
	put_segment_at(3, ago(1));
	one_round();
	ASSERT_LISTED(1, 2, 3);
}

static void an_index_without_a_segment_is_deleted(void **state)
{
	(void)state;
	put_segment_at(1, MEDIA_WALL_US);
	file_write(recording_path("recording_20260101_000000.idx"), "", 0);
	file_write(recording_path("notes.idx"), "", 0);
	archive_case_open();
	close_and_list();
	ASSERT_LISTED(1);
	assert_false(recording_exists("recording_20260101_000000.idx"));
	assert_true(recording_exists("notes.idx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_limits_nothing_is_deleted),
		CASE(an_old_segment_is_deleted_with_its_index),
		CASE(above_max_gb_the_oldest_are_deleted),
		CASE(within_max_gb_nothing_is_deleted),
		CASE(for_free_space_every_finished_segment_may_be_deleted),
		CASE(the_open_segment_is_never_deleted),
		CASE(a_segment_that_cannot_be_finished_is_deleted_in_its_turn),
		CASE(the_byte_count_is_that_of_all_segments),
		CASE(a_reader_of_a_deleted_segment_reads_it_to_its_end),
		CASE(a_clock_that_starts_in_2036_deletes_nothing_by_age),
		CASE(segments_of_2036_or_1970_delete_nothing_by_age),
		CASE(segments_from_the_future_are_kept),
		CASE(a_synchronised_wall_clock_is_trusted),
		CASE(a_segment_from_the_future_is_not_deleted_with_those_after_it),
		CASE(recent_segments_after_one_from_1970_are_kept),
		CASE(an_index_without_a_segment_is_deleted),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
