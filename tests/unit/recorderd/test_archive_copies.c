/* test_archive_copies.c - restored backups, renamed and duplicate files, numbers that two recorders gave. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/archive_cases.h"

#include "recorderd/archive/catalogue_writer.h"

#define TONIGHT 1
#define BACKUP  2

static int64_t ago(double hours)
{
	return wall_now().us - (int64_t)(hours * (double)HOUR_US);
}

/* A segment of some boot, recorded so many hours ago; `run` of the same archive grows with the number. */
static void put(uint64_t segment_no, uint8_t boot, double hours)
{
	struct segment_info info = {
		.segment_no = segment_no,
		.run_no = segment_no,
		.first_wall_us = ago(hours),
		.first_mono_us = 1000 * HOUR_US - (int64_t)(hours * (double)HOUR_US),
	};
	char name[SEGMENT_FILE_BYTES];

	memset(info.boot_id, boot, sizeof(info.boot_id));
	put_segment(&info, name);
}

static struct archive_resume_point one_round(void)
{
	struct archive_resume_point start = archive_case_open();

	assert_true(start.recovered);
	close_and_list();
	return start;
}

static void assert_in_order_of_time(void)
{
	for (size_t i = 1; i < archive_case.listed_count; i++)
		assert_true(archive_case.listed[i].start_wall_us > archive_case.listed[i - 1].start_wall_us);
}

static void a_restored_backup_deletes_nothing_else(void **state)
{
	(void)state;
	for (int synced = 0; synced < 2; synced++) {
		archive_case_begin(state);
		fake_ntp.is_synchronised = synced;
		archive_case.config.retention.hours = 72;
		for (unsigned i = 0; i < 12; i++) {
			put(2 * i + 1, BACKUP, 50 - i / 6.0);
			put(2 * i + 2, TONIGHT, 4 - i / 6.0);
		}
		one_round();
		assert_int_equal(archive_case.listed_count, 24);
		assert_in_order_of_time();
	}
}

static void a_restored_backup_expires_by_its_own_age(void **state)
{
	(void)state;
	archive_case.config.retention.hours = 72;
	for (unsigned i = 0; i < 4; i++) {
		put(2 * i + 1, BACKUP, i < 2 ? 74 - i : 70 - i);
		put(2 * i + 2, TONIGHT, 4 - i);
	}
	one_round();
	ASSERT_LISTED(5, 7, 2, 4, 6, 8);
}

static void a_restored_backup_is_deleted_before_newer_recordings(void **state)
{
	(void)state;
	put(1, TONIGHT, 3);
	put(2, TONIGHT, 2);
	put(3, TONIGHT, 1);
	put(7, BACKUP, 50);
	put(8, BACKUP, 49);
	put(9, BACKUP, 48);
	one_round();
	assert_int_equal(archive_case.listed_count, 6);
	archive_case.config.retention.max_gb = (double)(4 * archive_case.listed[0].size_bytes + 2000) / 1e9;
	one_round();
	assert_int_equal(archive_case.listed_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(archive_case.listed[i].start_wall_us > ago(48.5));
}

static void numbers_of_two_recorders_do_not_give_the_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		put(i + 1, TONIGHT, 6 - i);
		put(i + 1, BACKUP, 50 - i);
	}
	struct archive_resume_point start = one_round();
	assert_int_equal(start.next_segment, 7);
	assert_int_equal(start.next_run, 7);
	assert_int_equal(archive_case.listed_count, 12);
	assert_in_order_of_time();
	assert_true(start.last_wall_us == archive_case.listed[11].end_wall_us);
}

/* The newest footage is that of this boot, so nothing that the ring still holds is recorded twice. */
static void recording_resumes_after_this_boot_and_above_all_numbers(void **state)
{
	struct segment_info info = {
		.segment_no = 3, .run_no = 2, .first_wall_us = ago(1), .first_mono_us = 5 * US_PER_S};
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	clock_boot_id(info.boot_id);
	put_segment(&info, name);
	put(500, BACKUP, 50);
	struct archive_resume_point start = one_round();
	assert_int_equal(start.next_segment, 501);
	assert_true(start.last_mono_us >= info.first_mono_us && start.last_mono_us < info.first_mono_us + US_PER_S);
	assert_true(start.last_wall_us > info.first_wall_us && start.last_wall_us < ago(0));
	/* The same if the list describes everything. */
	struct archive_resume_point again = one_round();
	assert_true(again.last_mono_us == start.last_mono_us);
}

/* A clock that was set back within a boot: the numbers tell the order of recording, the times do not. */
static void a_clock_set_back_keeps_the_order_of_recording(void **state)
{
	struct segment_info info = {.run_no = 1};
	static const double hours[] = {10, 9, 12, 11, 3, 2};
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	memset(info.boot_id, TONIGHT, sizeof(info.boot_id));
	for (size_t i = 0; i < 6; i++) {
		info.segment_no = i + 1;
		info.first_wall_us = ago(hours[i]);
		info.first_mono_us = (int64_t)(i + 1) * HOUR_US;
		if (i == 4)
			memset(info.boot_id, BACKUP, sizeof(info.boot_id));
		put_segment(&info, name);
	}
	one_round();
	ASSERT_LISTED(1, 2, 3, 4, 5, 6);
}

static void file_names_and_copies_do_not_affect_age(void **state)
{
	char name[SEGMENT_FILE_BYTES], from[PATH_MAX + 80];
	struct segment_info info = {.segment_no = 1, .run_no = 1, .first_wall_us = ago(20)};

	(void)state;
	archive_case.config.retention.hours = 72;
	put_segment(&info, name);
	snprintf(from, sizeof(from), "%s", recording_path(name));
	assert_int_equal(rename(from, recording_path("recording_19990101_000000.mp4")), 0);
	put_segment(&info, name);
	put(2, TONIGHT, 80);
	segment_file_name(ago(80), 1, name);
	snprintf(from, sizeof(from), "%s", recording_path(name));
	assert_int_equal(rename(from, recording_path("recording_20350101_000000.mp4")), 0);
	one_round();
	ASSERT_LISTED(1, 1);
}

/* Older versions wrote lists without boot ids. */
static void a_list_without_boot_ids_gets_them_from_the_segments(void **state)
{
	(void)state;
	put(1, TONIGHT, 3);
	put(2, TONIGHT, 2);
	one_round();
	for (size_t i = 0; i < 2; i++) {
		archive_case.listed[i].first_mono_us = 0;
		memset(archive_case.listed[i].boot_id, 0, sizeof(archive_case.listed[i].boot_id));
	}
	int fd = open(archive_case.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(catalogue_write(fd, 3, archive_case.listed, 2, false, &archive_case.why));
	close(fd);
	one_round();
	ASSERT_LISTED(1, 2);
	assert_int_equal(archive_case.listed[0].boot_id[7], TONIGHT);
	assert_true(archive_case.listed[0].first_mono_us > 0 &&
		    archive_case.listed[1].first_mono_us > archive_case.listed[0].first_mono_us);
}

/* If the index of the newest segment is damaged, the segment is read at the start, whatever the list says. */
static void the_list_describes_the_newest_segment_after_its_repair(void **state)
{
	struct segment_info info = {.segment_no = 3, .run_no = 2, .first_wall_us = MEDIA_WALL_US, .first_mono_us = 7};
	char name[SEGMENT_FILE_BYTES], index[SEGMENT_FILE_BYTES];
	struct stat status;

	(void)state;
	clock_boot_id(info.boot_id);
	put_segment(&info, name);
	archive_case_open();
	close_and_list();
	uint64_t before = archive_case.listed[0].frames;
	assert_true(index_name(name, index, sizeof(index)));
	int fd = open(recording_path(index), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "damage", 6, INDEX_RECORD_BYTES + 4), 6);
	close(fd);
	struct buffer media = file_read(recording_path(name));
	uint8_t *moof = memmem(media.data + media.length / 2, media.length / 2, "moof", 4);
	assert_non_null(moof);
	memset(moof, 0, 8);
	file_write(recording_path(name), media.data, media.length);
	buffer_free(&media);
	archive_case_open();
	close_and_list();
	assert_int_equal(archive_case.listed_count, 1);
	assert_true(archive_case.listed[0].frames > 0 && archive_case.listed[0].frames < before);
	assert_int_equal(stat(recording_path(index), &status), 0);
	assert_int_equal(status.st_size, (archive_case.listed[0].frames + 1) * INDEX_RECORD_BYTES);
	assert_int_equal(stat(recording_path(name), &status), 0);
	assert_int_equal(status.st_size, archive_case.listed[0].size_bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_restored_backup_deletes_nothing_else),
		CASE(a_restored_backup_expires_by_its_own_age),
		CASE(a_restored_backup_is_deleted_before_newer_recordings),
		CASE(numbers_of_two_recorders_do_not_give_the_order),
		CASE(recording_resumes_after_this_boot_and_above_all_numbers),
		CASE(a_clock_set_back_keeps_the_order_of_recording),
		CASE(file_names_and_copies_do_not_affect_age),
		CASE(a_list_without_boot_ids_gets_them_from_the_segments),
		CASE(the_list_describes_the_newest_segment_after_its_repair),
	};

	return cmocka_run_group_tests_name("archive_copies", tests, archive_case_streams, drop_streams);
}
