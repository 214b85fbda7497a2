/* test_archive.c - what a recorder finds in its folder at the start, and how the list follows the files. */
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/unit/support/archive_cases.h"

static void an_empty_folder_starts_at_segment_one(void **state)
{
	struct archive_resume_point start = archive_case_open();

	(void)state;
	assert_true(start.recovered);
	assert_int_equal(start.next_segment, 1);
	assert_int_equal(start.next_run, 1);
	assert_int_equal(start.last_wall_us, 0);
	assert_int_equal(start.last_mono_us, -1);
	close_and_list();
	assert_int_equal(archive_case.listed_count, 0);
}

static void a_missing_folder_is_created_with_its_parents(void **state)
{
	(void)state;
	path_of("recordings/a/b/c", archive_case.config.record.directory);
	archive_case_open();
	close_and_list();
	assert_true(recording_exists(CATALOGUE_JSON));
}

static void a_folder_that_cannot_be_created_is_reported(void **state)
{
	(void)state;
	strcpy(archive_case.config.record.directory, "/proc/nothing/here");
	assert_null(archive_open(&archive_case.config, &archive_case.why));
	assert_non_null(strstr(archive_case.why.text, "/proc/nothing/here"));
}

static void a_second_recorder_is_refused_with_a_reason(void **state)
{
	(void)state;
	archive_case_open();
	assert_null(archive_open(&archive_case.config, &archive_case.why));
	assert_non_null(strstr(archive_case.why.text, "another recorder records into"));
	archive_close(archive_case.archive);
	archive_case.archive = archive_open(&archive_case.config, &archive_case.why);
	assert_non_null(archive_case.archive);
}

static void put_three(void)
{
	char name[SEGMENT_FILE_BYTES];

	put_segment(&(struct segment_info){.segment_no = 7, .run_no = 4, .first_wall_us = MEDIA_WALL_US}, name);
	put_segment(
		&(struct segment_info){.segment_no = 5, .run_no = 2, .first_wall_us = MEDIA_WALL_US + 90 * US_PER_S},
		name);
	put_segment(
		&(struct segment_info){.segment_no = 6, .run_no = 2, .first_wall_us = MEDIA_WALL_US + 30 * US_PER_S},
		name);
}

static void without_a_list_the_segments_are_found_in_the_order_of_recording(void **state)
{
	struct archive_resume_point start;

	(void)state;
	put_three();
	start = archive_case_open();
	assert_int_equal(start.next_segment, 8);
	assert_int_equal(start.next_run, 5);
	assert_int_equal(start.last_wall_us,
			 MEDIA_WALL_US + media_time_us(SMALL)); /* of the one with the highest number */
	close_and_list();
	ASSERT_LISTED(5, 6, 7);
	for (size_t i = 0; i < archive_case.listed_count; i++) {
		assert_int_equal(archive_case.listed[i].state, CATALOGUE_COMPLETE);
		assert_int_equal(archive_case.listed[i].frames, SMALL);
	}
}

static void spoil_index(const struct catalogue_entry *entry)
{
	char name[SEGMENT_FILE_BYTES], zeros[(SMALL + 1) * INDEX_RECORD_BYTES] = "";

	assert_true(index_name(entry->file, name, sizeof(name)));
	file_write(recording_path(name), zeros, sizeof(zeros));
}

/* True if that segment's index is valid again. */
static bool index_is_valid(const struct catalogue_entry *entry)
{
	char name[SEGMENT_FILE_BYTES];
	struct index_reader reader;

	assert_true(index_name(entry->file, name, sizeof(name)));
	bool valid = index_reader_open(AT_FDCWD, recording_path(name), entry->segment_no, &reader) == INDEX_OK;
	index_reader_close(&reader);
	return valid;
}

static void segments_that_the_list_knows_are_not_read_again(void **state)
{
	struct archive_resume_point start;

	(void)state;
	put_three();
	archive_case_open();
	close_and_list();
	spoil_index(&archive_case.listed[0]);
	start = archive_case_open();
	assert_int_equal(start.next_segment, 8);
	assert_int_equal(start.next_run, 5);
	close_and_list();
	ASSERT_LISTED(5, 6, 7);
	assert_false(index_is_valid(&archive_case.listed[0]));
}

static void spoil_list(int (*spoil)(const char *path))
{
	put_three();
	archive_case_open();
	close_and_list();
	spoil_index(&archive_case.listed[0]);
	assert_int_equal(spoil(recording_path(CATALOGUE_FILE)), 0);
	assert_int_equal(archive_case_open().next_segment, 8);
	close_and_list();
	ASSERT_LISTED(5, 6, 7);
	assert_true(index_is_valid(&archive_case.listed[0]));
}

static int flip_byte(const char *path)
{
	struct buffer data = file_read(path);

	data.data[CATALOGUE_ENTRY_BYTES + 20] ^= 4; /* of the first entry */
	file_write(path, data.data, data.length);
	buffer_free(&data);
	return 0;
}

static int cut_list(const char *path)
{
	return truncate(path, CATALOGUE_ENTRY_BYTES - 1);
}

static void without_the_list_all_segments_are_inspected(void **state)
{
	(void)state;
	spoil_list(unlink);
}

static void with_a_damaged_list_all_segments_are_inspected(void **state)
{
	(void)state;
	spoil_list(flip_byte);
}

static void with_a_torn_list_all_segments_are_inspected(void **state)
{
	(void)state;
	spoil_list(cut_list);
}

static void a_segment_whose_size_differs_from_the_list_is_inspected(void **state)
{
	struct stat status;

	(void)state;
	put_three();
	archive_case_open();
	close_and_list();
	off_t torn_at = (off_t)archive_case.listed[1].size_bytes - 10;
	assert_int_equal(truncate(recording_path(archive_case.listed[1].file), torn_at), 0);
	archive_case_open();
	close_and_list();
	ASSERT_LISTED(5, 6, 7);
	assert_int_equal(archive_case.listed[1].frames, SMALL);
	assert_int_equal(stat(recording_path(archive_case.listed[1].file), &status), 0);
	assert_int_equal(status.st_size, archive_case.listed[1].size_bytes); /* it is whole again */
}

static void the_newest_segment_of_this_boot_gives_the_last_capture_time(void **state)
{
	struct segment_info info = {
		.segment_no = 3, .run_no = 2, .first_wall_us = MEDIA_WALL_US, .first_mono_us = 777 * US_PER_S};
	int64_t last_us = 777 * US_PER_S + media_time_us(SMALL - 1);
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	clock_boot_id(info.boot_id);
	put_segment(&info, name);
	assert_int_equal(archive_case_open().last_mono_us, last_us); /* after a repair */
	close_and_list();
	assert_int_equal(archive_case_open().last_mono_us, last_us); /* from the list */
	close_and_list();
	info.boot_id[0] ^= 1;
	put_segment(&info, name);
	assert_int_equal(archive_case_open().last_mono_us, -1); /* another boot's clock */
}

static void foreign_files_are_neither_listed_nor_changed(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	put_three();
	segment_file_name(MEDIA_WALL_US - HOUR_US, 1, name);
	file_write(recording_path(name), streams.h264.data.data, streams.h264.data.length);
	file_write(recording_path("holiday.mp4"), "x", 1);
	archive_case_open();
	close_and_list();
	ASSERT_LISTED(5, 6, 7);
	assert_true(recording_exists(name));
	assert_true(recording_exists("holiday.mp4"));
}

static void a_segment_without_a_frame_is_removed(void **state)
{
	char name[SEGMENT_FILE_BYTES];

	(void)state;
	put_three();
	segment_file_name(MEDIA_WALL_US - HOUR_US, 1, name);
	file_write(recording_path(name), "", 0);
	archive_case_open();
	close_and_list();
	ASSERT_LISTED(5, 6, 7);
	assert_false(recording_exists(name));
}

static void the_json_list_describes_every_segment(void **state)
{
	struct json_object *list, *entry, *value;

	(void)state;
	put_three();
	archive_case_open();
	close_and_list();
	list = json_object_from_file(recording_path(CATALOGUE_JSON));
	assert_int_equal(json_object_array_length(list), 3);
	entry = json_object_array_get_idx(list, 2);
	assert_true(json_object_object_get_ex(entry, "file", &value));
	assert_string_equal(json_object_get_string(value), archive_case.listed[2].file);
	assert_true(json_object_object_get_ex(entry, "state", &value));
	assert_string_equal(json_object_get_string(value), "complete");
	assert_true(json_object_object_get_ex(entry, "frames", &value));
	assert_int_equal(json_object_get_int(value), SMALL);
	assert_true(json_object_object_get_ex(entry, "camera", &value));
	assert_string_equal(json_object_get_string(value), "front");
	json_object_put(list);
}

/* Reports a written frame, and returns the keeper's error a moment later. */
static bool trouble_after_a_frame(void)
{
	archive_segment_grew(archive_case.archive, MEDIA_WALL_US + 5, 1000, 1);
	usleep(1000);
	return summary_now().error[0];
}

static void an_open_segment_is_listed_at_once_and_finished_when_it_is_closed(void **state)
{
	struct catalogue_entry entry;
	int fd;

	(void)state;
	archive_case_open();
	entry = begin_segment(&fd);
	read_list();
	ASSERT_LISTED(9);
	assert_int_equal(archive_case.listed[0].state, CATALOGUE_RECORDING);
	assert_string_equal(summary_now().open_segment, entry.file);
	archive_segment_grew(archive_case.archive, MEDIA_WALL_US + 5, 12345, 2);
	assert_int_equal(summary_now().bytes, 12345);
	assert_false(archive_segment_is_deleted(archive_case.archive));
	close(fd);
	archive_segment_closed(archive_case.archive);
	assert_string_equal(summary_now().open_segment, "");
	close_and_list();
	ASSERT_LISTED(9);
	assert_int_equal(archive_case.listed[0].state, CATALOGUE_COMPLETE);
	assert_int_equal(archive_case.listed[0].frames, SMALL);
}

static void a_deleted_open_segment_is_taken_off_the_list(void **state)
{
	struct catalogue_entry entry;
	int fd;

	(void)state;
	archive_case_open();
	entry = begin_segment(&fd);
	assert_int_equal(unlink(recording_path(entry.file)), 0);
	assert_true(archive_segment_is_deleted(archive_case.archive));
	close(fd);
	archive_segment_closed(archive_case.archive);
	close_and_list();
	assert_int_equal(archive_case.listed_count, 0);
}

static void a_deleted_folder_is_created_again_and_locked(void **state)
{
	int fd;

	(void)state;
	archive_case_open();
	struct buffer out = output_of("rm -rf '%s'", archive_case.config.record.directory);
	buffer_free(&out);
	fd = archive_follow_folder(archive_case.archive, &archive_case.why);
	assert_true(fd >= 0);
	close(fd);
	assert_null(archive_open(&archive_case.config, &archive_case.why));
	assert_non_null(strstr(archive_case.why.text, "another recorder"));
	begin_segment(&fd);
	close(fd);
	archive_segment_closed(archive_case.archive);
	close_and_list();
	ASSERT_LISTED(9);
}

static void a_failing_sync_is_reported_until_it_succeeds(void **state)
{
	unsigned before;
	int fd;

	(void)state;
	archive_case.config.record.sync_seconds = 0; /* without a pause */
	archive_case_open();
	begin_segment(&fd);
	atomic_store(&fake_disk.fails, true);
	while (!trouble_after_a_frame())
		;
	assert_non_null(strstr(summary_now().error, "Input/output error"));
	for (before = atomic_load(&fake_disk.syncs); atomic_load(&fake_disk.syncs) < before + 20;)
		assert_true(trouble_after_a_frame());
	atomic_store(&fake_disk.fails, false);
	while (trouble_after_a_frame())
		;
	close(fd);
	archive_segment_closed(archive_case.archive);
}

static void a_segment_whose_sync_failed_is_repaired_when_it_is_closed(void **state)
{
	struct catalogue_entry entry;
	char index[SEGMENT_FILE_BYTES];
	int fd;

	(void)state;
	archive_case.config.record.sync_seconds = 0;
	archive_case_open();
	entry = begin_segment(&fd);
	assert_false(archive_segment_is_suspect(archive_case.archive));
	atomic_store(&fake_disk.fails, true);
	while (!archive_segment_is_suspect(archive_case.archive))
		trouble_after_a_frame();
	atomic_store(&fake_disk.fails, false);
	/* The index agrees with the size of the file. After a failed sync that is not enough to be trusted. */
	assert_true(index_name(entry.file, index, sizeof(index)));
	file_write(recording_path(index), "damaged", 7);
	archive_segment_grew(archive_case.archive, MEDIA_WALL_US, 12345, 6789);
	close(fd);
	archive_segment_closed(archive_case.archive);
	assert_false(archive_segment_is_suspect(archive_case.archive));
	close_and_list();
	ASSERT_LISTED(9);
	assert_int_equal(archive_case.listed[0].state, CATALOGUE_COMPLETE);
	assert_int_equal(archive_case.listed[0].frames, SMALL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_empty_folder_starts_at_segment_one),
		CASE(a_missing_folder_is_created_with_its_parents),
		CASE(a_folder_that_cannot_be_created_is_reported),
		CASE(a_second_recorder_is_refused_with_a_reason),
		CASE(without_a_list_the_segments_are_found_in_the_order_of_recording),
		CASE(segments_that_the_list_knows_are_not_read_again),
		CASE(without_the_list_all_segments_are_inspected),
		CASE(with_a_damaged_list_all_segments_are_inspected),
		CASE(with_a_torn_list_all_segments_are_inspected),
		CASE(a_segment_whose_size_differs_from_the_list_is_inspected),
		CASE(the_newest_segment_of_this_boot_gives_the_last_capture_time),
		CASE(foreign_files_are_neither_listed_nor_changed),
		CASE(a_segment_without_a_frame_is_removed),
		CASE(the_json_list_describes_every_segment),
		CASE(an_open_segment_is_listed_at_once_and_finished_when_it_is_closed),
		CASE(a_deleted_open_segment_is_taken_off_the_list),
		CASE(a_deleted_folder_is_created_again_and_locked),
		CASE(a_failing_sync_is_reported_until_it_succeeds),
		CASE(a_segment_whose_sync_failed_is_repaired_when_it_is_closed),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
