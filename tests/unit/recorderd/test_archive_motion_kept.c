/* test_archive_motion_kept.c - how long .motion files and segments with events stay, and where they go. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorderd/archive/archive_internal.h"
#include "recorderd/repair/motion_file.h"
#include "tests/unit/support/motion_files.h"

static void records_go_with_their_segment(void **state)
{
	(void)state;
	int64_t old = ago(80), young = ago(1);
	put_both(1, old, MOTION_CLEAR);
	put_both(2, young, MOTION_CLEAR);
	one_round();
	assert_true(read_day(old) >= 1);
	archive_case.config.retention.hours = 72;
	one_round();
	ASSERT_LISTED(2);
	assert_false(motion_exists(old));
	assert_int_equal(read_day(old), -1);
	assert_true(motion_exists(young));
	assert_int_equal(read_day(young), 1);
}

static void motion_days_keeps_records_without_footage(void **state)
{
	(void)state;
	int64_t older = ago(24 * 31), old = ago(80), young = ago(1);
	put_both(1, older, MOTION_CLEAR);
	put_both(2, old, MOTION_CLEAR);
	put_both(3, young, MOTION_CLEAR);
	archive_case.config.retention.hours = 72;
	archive_case.config.motion.days = 30;
	one_round();
	ASSERT_LISTED(3);
	for (int i = 0; i < 2; i++) {
		/* The files say it, and then the list does, and then it is made again. */
		one_round();
		assert_false(motion_exists(older));
		assert_int_equal(read_day(older), -1);
		assert_true(motion_exists(old));
		assert_int_equal(read_day(old), 1);
		assert_int_equal(motion_listed.entries[0].footage, 0);
		assert_int_equal(motion_listed.entries[0].records, 2);
		assert_string_equal(motion_listed.entries[0].file, file_at(old));
		if (i == 0)
			assert_int_equal(unlink(list_path(old)), 0);
	}
	archive_case.config.motion.days = 0;
	one_round();
	assert_false(motion_exists(old));
	assert_int_equal(read_day(old), -1);
	assert_true(motion_exists(young));
}

static void a_file_whose_segment_was_deleted_by_hand_goes(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	put_both(1, wall_us, MOTION_CLEAR);
	put_both(2, wall_us + 100 * US_PER_S, MOTION_CLEAR);
	one_round();
	assert_int_equal(unlink(recording_path(file_at(wall_us))), 0);
	one_round();
	assert_false(motion_exists(wall_us));
	assert_int_equal(read_day(wall_us), 1);
	assert_int_equal(motion_listed.entries[0].segment_no, 2);
}

static void the_records_of_a_segment_that_cannot_be_read_stay(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	put_motion(1, wall_us, MOTION_CLEAR);
	file_write(recording_path(file_at(wall_us)), "this is no segment at all", 25);
	put_both(2, wall_us + 100 * US_PER_S, MOTION_CLEAR);
	one_round();
	ASSERT_LISTED(2);
	assert_true(motion_exists(wall_us));
	assert_int_equal(read_day(wall_us), 1);
}

static void segments_with_events_are_kept_for_longer(void **state)
{
	(void)state;
	archive_case.config.retention.hours = 72;
	archive_case.config.retention.motion_hours = 100;
	put_both(1, ago(120), MOTION_CLEAR);
	put_both(2, ago(90), MOTION_CLEAR);
	put_both(3, ago(89), MOTION_NONE);
	put_both(4, ago(88), MOTION_FAINT); /* the segment before or after it may make an event of that */
	put_segment_at(5, ago(87));
	put_both(6, ago(2), MOTION_NONE);
	one_round();
	ASSERT_LISTED(2, 4, 6);
	one_round(); /* by the lists alone */
	ASSERT_LISTED(2, 4, 6);
	assert_true(motion_exists(archive_case.listed[0].start_wall_us));
	archive_case.config.retention.motion_hours = 0;
	one_round();
	ASSERT_LISTED(6);
}

/* A segment of a minute, with faint movement in its seconds [from, to). */
static enum segment_activity activity_of(int from, int to)
{
	const int64_t first = 1800000000;
	struct catalogue_entry segment = {.start_wall_us = first * US_PER_S + 300000,
					  .end_wall_us = (first + 60) * US_PER_S + 300000};
	struct motion_record records[60];

	for (int i = 0; i < 60; i++)
		records[i] = record_of(first + 1 + i, 7, i >= from && i < to ? MOTION_FAINT : MOTION_NONE, 1);
	return segment_activity_of_records(&segment, records, 60);
}

/* Four faint seconds are an event, even if two segments share them. */
static void faint_movement_at_the_end_of_a_segment_may_be_an_event(void **state)
{
	(void)state;
	assert_int_equal(activity_of(30, 33), ACTIVITY_STILL);
	assert_int_equal(activity_of(30, 34), ACTIVITY_EVENTS);
	assert_int_equal(activity_of(58, 60), ACTIVITY_EVENTS);
	assert_int_equal(activity_of(55, 56), ACTIVITY_EVENTS);
	assert_int_equal(activity_of(54, 55), ACTIVITY_STILL);
	assert_int_equal(activity_of(3, 4), ACTIVITY_EVENTS);
	assert_int_equal(activity_of(4, 5), ACTIVITY_STILL);
}

/* Retention does not wait for the records of a large archive to be read. */
static void until_its_records_are_read_a_segment_counts_as_one_with_events(void **state)
{
	(void)state;
	static const struct {
		enum archive_listing listing;
		enum segment_activity activity;
		bool old;
	} cases[] = {{MOTION_UNLISTED, ACTIVITY_UNKNOWN, false}, {MOTION_GROWING, ACTIVITY_UNKNOWN, false},
		     {MOTION_LISTED, ACTIVITY_UNKNOWN, true},    {MOTION_LISTED, ACTIVITY_STILL, true},
		     {MOTION_LISTED, ACTIVITY_FAINT, false},     {MOTION_LISTED, ACTIVITY_EVENTS, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct archive_segment segment = {
			.motion = cases[i].listing,
			.activity = cases[i].activity,
			.phase = PHASE_COMPLETE,
			.seen_mono_us = mono_now().us,
			.entry = {.start_wall_us = ago(91), .end_wall_us = ago(90)},
		};
		struct archive archive = {
			.segments = &segment,
			.count = 1,
			.retention = {.hours = 72, .motion_hours = 100},
			.opened_mono_us = mono_now().us,
		};
		struct archive_segment_age age;
		fake_ntp.is_synchronised = true;
		archive_age_assess(&archive, &age);
		assert_int_equal(age.old, cases[i].old);
		archive.retention.motion_hours = 80;
		archive_age_assess(&archive, &age);
		assert_true(age.old);
	}
}

static void to_make_room_still_segments_go_first(void **state)
{
	(void)state;
	put_both(1, ago(9), MOTION_CLEAR);
	put_segment_at(2, ago(8));
	put_both(3, ago(7), MOTION_NONE);
	put_both(4, ago(6), MOTION_STRONG);
	put_both(5, ago(5), MOTION_NONE);
	one_round();
	ASSERT_LISTED(1, 2, 3, 4, 5);
	archive_case.config.retention.motion_hours = 1000;
	archive_case.config.retention.max_gb = (double)(3 * (archive_case.listed[0].size_bytes + 1000)) / 1e9;
	one_round();
	ASSERT_LISTED(1, 2, 4);
	archive_case.config.retention.max_gb = (double)(2 * (archive_case.listed[0].size_bytes + 1000)) / 1e9;
	one_round();
	ASSERT_LISTED(2, 4); /* the oldest goes, and what is unknown is not still */
}

/* Moves the folder away and puts an empty one in its place. */
static void move_folder_away(void)
{
	struct buffer out = output_of("cd '%s' && rm -rf gone && mv recordings gone && mkdir recordings", media_folder);

	buffer_free(&out);
}

static void a_folder_that_comes_into_place_has_lists_of_its_own(void **state)
{
	(void)state;
	int64_t first = yesterday(0), second = yesterday(100);
	put_both(2, second, MOTION_CLEAR);
	move_folder_away();
	struct buffer out = output_of("cd '%s' && mv gone other", media_folder);
	buffer_free(&out);
	put_both(1, first, MOTION_CLEAR);
	one_round();
	assert_true(archive_case_open().recovered);
	move_folder_away();
	out = output_of("cd '%s' && rmdir recordings && mv other recordings", media_folder);
	buffer_free(&out);
	int folder = archive_follow_folder(archive_case.archive, &archive_case.why);
	assert_true(folder >= 0);
	close(folder);
	for (int i = 0; summary_now().segments != 1 || summary_now().oldest_wall_us != second; i++) {
		assert_true(i < 60000);
		usleep(1000);
	}
	close_and_list();
	ASSERT_LISTED(2);
	assert_int_equal(read_day(second), 1);
	assert_int_equal(motion_listed.entries[0].segment_no, 2);
	assert_int_equal(motion_listed.entries[0].records, 2);
	out = output_of("cd '%s' && rm -r recordings && mv gone recordings", media_folder);
	buffer_free(&out);
	assert_int_equal(read_day(first), 1);
	assert_int_equal(motion_listed.entries[0].segment_no, 1);
}

static void what_is_set_aside_takes_its_records_along(void **state)
{
	char name[SEGMENT_FILE_BYTES + 16];

	(void)state;
	int64_t wall_us = yesterday(0), other_us = yesterday(100);
	put_both(1, wall_us, MOTION_CLEAR);
	put_both(2, other_us, MOTION_CLEAR);
	one_round();
	/* The only key frame of a finished segment is damaged. */
	struct buffer bytes = file_read(recording_path(file_at(wall_us)));
	uint64_t media_at = archive_case.listed[0].media_at + streams.h264.moov.bytes;
	memset(bytes.data + media_at, 0xee, 16);
	file_write(recording_path(file_at(wall_us)), bytes.data, bytes.length);
	buffer_free(&bytes);
	assert_int_equal(unlink(recording_path(CATALOGUE_FILE)), 0);
	one_round();
	ASSERT_LISTED(2);
	snprintf(name, sizeof(name), "damaged_%s", file_at(wall_us));
	assert_true(recording_exists(name));
	assert_int_equal(access(motion_path(name), F_OK), 0);
	assert_false(motion_exists(wall_us));
	assert_int_equal(read_day(wall_us), 1);
	archive_case.config.retention.min_free_gb = 1e9;
	one_round();
	assert_int_equal(access(motion_path(name), F_OK), -1);
}

#define WRONG_US   (90 * US_PER_S) /* in 1970 */
#define WRONG_FILE "recording_19700101_000130.mp4"

/* A segment of 300 s ago whose clock was wrong, with a record; returns its true time. */
static int64_t put_wrong(void)
{
	char name[SEGMENT_FILE_BYTES];
	struct buffer bytes = {0};
	struct segment_info info = {
		.segment_no = 1,
		.run_no = 1,
		.first_wall_us = WRONG_US,
		.first_mono_us = mono_now().us - 300 * US_PER_S,
		.flags = SEGMENT_CLOCK_DOUBTFUL,
	};

	clock_boot_id(info.boot_id);
	put_segment(&info, name);
	add_header(&bytes, 1, WRONG_US);
	add_record(&bytes, WRONG_US / US_PER_S, 7, MOTION_CLEAR, 1);
	write_motion(WRONG_US, &bytes);
	return info.first_mono_us + clock_offset_us();
}

/* Fails unless the records are at the time of the segment, to the second, and in the list of that day. */
static void assert_moved(void)
{
	const struct catalogue_entry *entry = &archive_case.listed[0];
	struct motion_reader reader;
	struct motion_record record;

	ASSERT_LISTED(1);
	assert_string_not_equal(entry->file, WRONG_FILE);
	assert_int_equal(motion_reader_open(AT_FDCWD, motion_path(entry->file), 1, &reader), MOTION_OK);
	assert_int_equal(reader.first_wall_us, entry->start_wall_us);
	assert_int_equal(motion_reader_count(&reader), 1);
	assert_int_equal(motion_reader_read(&reader, 0, 1, &record), 1);
	motion_reader_close(&reader);
	assert_int_equal(record.second, (entry->start_wall_us + US_PER_S / 2) / US_PER_S);
	assert_int_equal(access(motion_path(WRONG_FILE), F_OK), -1);
	assert_int_equal(read_day(WRONG_US), -1);
	assert_int_equal(read_day(record.second * US_PER_S), 1);
	assert_int_equal(motion_listed.entries[0].records, 1);
	assert_string_equal(motion_listed.entries[0].file, entry->file);
}

/* A round that corrects times. */
static void correcting_round(void)
{
	int64_t unsettled_us = 1;

	assert_true(archive_case_open().recovered);
	for (int i = 0; unsettled_us != 0; i++) {
		struct catalogue reader;
		assert_true(i < 60000);
		usleep(1000);
		int folder = open(archive_case.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(catalogue_open(folder, &reader), CATALOGUE_OK);
		unsettled_us = reader.unsettled_from_us;
		catalogue_close(&reader);
		close(folder);
	}
	close_and_list();
}

static void move_file(const char *from, const char *to)
{
	char path[PATH_MAX + 80];

	snprintf(path, sizeof(path), "%s", from);
	assert_int_equal(rename(path, to), 0);
}

static void move_records(const char *file, int64_t first_wall_us)
{
	int folder = open(archive_case.config.record.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(motion_file_redate(folder, file, 1, WRONG_US, first_wall_us, &archive_case.why));
	close(folder);
}

/* Interrupted after the segment got its new name, and after its .motion file did, and after that was moved. */
static void corrected_times_move_the_records_once(void **state)
{
	char target[SEGMENT_FILE_BYTES], from[PATH_MAX + 80];

	for (int steps = 0; steps < 4; steps++) {
		assert_int_equal(archive_case_begin(state), 0);
		int64_t true_us = put_wrong();
		one_round();
		assert_int_equal(read_day(WRONG_US), 1);
		segment_file_name(true_us, 1, target);
		if (steps > 0) {
			snprintf(from, sizeof(from), "%s", recording_path(WRONG_FILE));
			move_file(from, recording_path(target));
		}
		if (steps > 1) {
			snprintf(from, sizeof(from), "%s", motion_path(WRONG_FILE));
			move_file(from, motion_path(target));
		}
		if (steps > 2)
			move_records(target, true_us + 30 * US_PER_S);
		fake_ntp.is_synchronised = true;
		correcting_round();
		assert_moved();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(records_go_with_their_segment),
		CASE(motion_days_keeps_records_without_footage),
		CASE(a_file_whose_segment_was_deleted_by_hand_goes),
		CASE(the_records_of_a_segment_that_cannot_be_read_stay),
		CASE(segments_with_events_are_kept_for_longer),
		CASE(faint_movement_at_the_end_of_a_segment_may_be_an_event),
		CASE(until_its_records_are_read_a_segment_counts_as_one_with_events),
		CASE(to_make_room_still_segments_go_first),
		CASE(a_folder_that_comes_into_place_has_lists_of_its_own),
		CASE(what_is_set_aside_takes_its_records_along),
		CASE(corrected_times_move_the_records_once),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
