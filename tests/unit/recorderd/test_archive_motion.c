/* test_archive_motion.c - .motion files in the archive: their lists, repair, and how long they and their segments stay. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorderd/repair/motion_file.h"
#include "shared/motion/motion_list.h"
#include "shared/motion/motion_record.h"
#include "tests/unit/support/archive_cases.h"

#define DAY_S       86400
#define ENTRIES_MAX 16
#define BLOCKS_MAX  64

static struct list {
	struct motion_list_header header;
	struct motion_list_entry entries[ENTRIES_MAX];
	struct motion_list_block blocks[BLOCKS_MAX];
} list;

static int64_t ago(double hours)
{
	return wall_now().us - (int64_t)(hours * (double)HOUR_US);
}

static const char *motion_path(const char *segment)
{
	char name[SEGMENT_FILE_BYTES];

	assert_true(motion_file_name(segment, name, sizeof(name)));
	return recording_path(name);
}

/* The name of the segment of that time. */
static const char *file_at(int64_t wall_us)
{
	static char name[SEGMENT_FILE_BYTES];

	segment_file_name(wall_us, 1, name);
	return name;
}

static bool motion_exists(int64_t wall_us)
{
	return access(motion_path(file_at(wall_us)), F_OK) == 0;
}

static struct motion_record record_of(int64_t second, int column, enum motion_strength strength, uint64_t segment_no)
{
	struct motion_record record = {.second = second, .frames = 5};

	motion_cells_raise(&record.cells, column, 4, strength);
	record.moving_cells = (uint16_t)motion_cells_count(&record.cells);
	motion_record_seal(&record, segment_no);
	return record;
}

/* Appends the header of a .motion file. */
static void add_header(struct buffer *out, uint64_t segment_no, int64_t wall_us)
{
	struct motion_header header;

	motion_header_init(&header, segment_no);
	header.first_wall_us = wall_us;
	motion_header_seal(&header);
	buffer_append(out, &header, sizeof(header));
}

static void add_record(struct buffer *out, int64_t second, int column, enum motion_strength strength,
		       uint64_t segment_no)
{
	struct motion_record record = record_of(second, column, strength, segment_no);

	buffer_append(out, &record, sizeof(record));
}

static void write_motion(int64_t wall_us, struct buffer *bytes)
{
	file_write(motion_path(file_at(wall_us)), bytes->data, bytes->length);
	buffer_free(bytes);
}

/* A .motion file with records of the first two seconds. */
static void put_motion(uint64_t segment_no, int64_t wall_us, enum motion_strength strength)
{
	struct buffer bytes = {0};

	add_header(&bytes, segment_no, wall_us);
	add_record(&bytes, wall_us / US_PER_S, 7, strength, segment_no);
	add_record(&bytes, wall_us / US_PER_S + 1, 8, strength, segment_no);
	write_motion(wall_us, &bytes);
}

static void put_both(uint64_t segment_no, int64_t wall_us, enum motion_strength strength)
{
	put_segment_at(segment_no, wall_us);
	put_motion(segment_no, wall_us, strength);
}

/* One start and stop of the archive. */
static void one_round(void)
{
	assert_true(archive_case_open().recovered);
	close_and_list();
}

static const char *list_path(int64_t wall_us)
{
	char name[MOTION_LIST_FILE_BYTES];

	motion_list_name(wall_us / US_PER_S, name);
	return recording_path(name);
}

/* Reads the list of a day; returns how many entries it has, or -1 without one. Everything in it must be valid. */
static int read_day(int64_t wall_us)
{
	struct motion_list reader;
	enum motion_outcome outcome = motion_list_open(AT_FDCWD, list_path(wall_us), &reader);

	if (outcome == MOTION_MISSING)
		return -1;
	assert_int_equal(outcome, MOTION_OK);
	list.header = reader.header;
	assert_true(list.header.entries <= ENTRIES_MAX && list.header.blocks <= BLOCKS_MAX);
	assert_int_equal(motion_list_read(&reader, 0, ENTRIES_MAX, list.entries), list.header.entries);
	assert_int_equal(motion_list_read_blocks(&reader, 0, BLOCKS_MAX, list.blocks), list.header.blocks);
	for (uint32_t i = 0; i < list.header.entries; i++) {
		const struct motion_list_entry *entry = &list.entries[i];
		assert_true(motion_list_entry_valid(&list.header, entry));
		for (uint32_t k = 0; k < entry->blocks; k++)
			assert_true(motion_list_block_valid(entry, &list.blocks[entry->first_block + k]));
	}
	motion_list_close(&reader);
	return (int)list.header.entries;
}

/* A time of yesterday (UTC), so that all segments of a case are in one list. */
static int64_t yesterday(int64_t second)
{
	int64_t midnight = wall_now().us / US_PER_S / DAY_S * DAY_S;

	return (midnight - DAY_S + 43200 + second) * US_PER_S + 200000;
}

static void the_list_of_a_day_has_each_segment_with_its_cells_joined(void **state)
{
	(void)state;
	int64_t first = yesterday(62), second = yesterday(700);
	put_both(1, first, MOTION_CLEAR);
	put_segment_at(2, second);
	one_round();
	ASSERT_LISTED(1, 2);
	assert_int_equal(read_day(first), 2);
	const struct motion_list_entry *with = &list.entries[0], *without = &list.entries[1];
	assert_string_equal(with->file, file_at(first));
	assert_int_equal(with->segment_no, 1);
	assert_int_equal(with->first_second, first / US_PER_S);
	assert_int_equal(with->end_second, first / US_PER_S + 2);
	assert_int_equal(with->records, 2);
	assert_int_equal(with->footage, 1);
	assert_int_equal(motion_cells_count(&with->cells), 2);
	assert_int_equal(motion_cell(&with->cells, 7, 4), MOTION_CLEAR);
	assert_string_equal(without->file, file_at(second));
	assert_int_equal(without->records, 0);
	assert_int_equal(without->blocks, 0);
	assert_int_equal(without->first_second, second / US_PER_S);
}

static void records_are_joined_in_blocks_of_64_seconds(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0) / (64 * US_PER_S) * 64 * US_PER_S + 63 * US_PER_S + 300000;
	put_both(1, wall_us, MOTION_FAINT);
	one_round();
	assert_int_equal(read_day(wall_us), 1);
	assert_int_equal(list.entries[0].blocks, 2);
	assert_int_equal(list.blocks[0].second, wall_us / US_PER_S - 63);
	assert_int_equal(list.blocks[1].second, wall_us / US_PER_S + 1);
	assert_int_equal(motion_cell(&list.blocks[0].cells, 7, 4), MOTION_FAINT);
	assert_int_equal(motion_cell(&list.blocks[1].cells, 8, 4), MOTION_FAINT);
	assert_int_equal(motion_cells_count(&list.blocks[1].cells), 1);
}

static void a_list_that_is_lost_or_damaged_is_written_again(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	put_both(1, wall_us, MOTION_CLEAR);
	put_both(2, wall_us + 600 * US_PER_S, MOTION_FAINT);
	one_round();
	struct buffer good = file_read(list_path(wall_us));
	assert_true(good.length > 0);
	for (size_t at = 0; at <= good.length; at += 40) {
		struct buffer damaged = {0};
		buffer_append(&damaged, good.data, good.length);
		if (at < good.length)
			damaged.data[at] ^= 0x20;
		file_write(list_path(wall_us), damaged.data, damaged.length);
		if (at >= good.length)
			assert_int_equal(unlink(list_path(wall_us)), 0);
		buffer_free(&damaged);
		one_round();
		struct buffer again = file_read(list_path(wall_us));
		/* A damaged block is found by whoever reads it, and by whoever next changes the list. */
		if (at < 3 * MOTION_LIST_ENTRY_BYTES || at >= good.length) {
			assert_int_equal(again.length, good.length);
			assert_memory_equal(again.data, good.data, good.length);
		}
		buffer_free(&again);
	}
	buffer_free(&good);
}

/* Fails unless the file beside the segment has exactly the records of its first two seconds. */
static void assert_two_records(uint64_t segment_no, int64_t wall_us)
{
	struct motion_reader reader;
	struct motion_record records[ENTRIES_MAX];

	assert_int_equal(motion_reader_open(AT_FDCWD, motion_path(file_at(wall_us)), segment_no, &reader), MOTION_OK);
	assert_int_equal(motion_reader_count(&reader), 2);
	assert_int_equal(motion_reader_read(&reader, 0, ENTRIES_MAX, records), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(records[i].second, wall_us / US_PER_S + i);
	motion_reader_close(&reader);
	assert_true(read_day(wall_us) >= 1);
	assert_int_equal(list.entries[0].records, 2);
}

static void whatever_a_crash_leaves_after_the_records_is_cut_off(void **state)
{
	(void)state;
	static const uint8_t rubbish[MOTION_RECORD_BYTES * 2];
	int64_t wall_us = yesterday(0);
	struct motion_record of_another = record_of(wall_us / US_PER_S + 1, 3, MOTION_STRONG, 77);
	struct motion_record beyond = record_of(wall_us / US_PER_S + 300, 3, MOTION_STRONG, 1);
	struct motion_record back = record_of(wall_us / US_PER_S, 3, MOTION_STRONG, 1);
	struct {
		const void *data;
		size_t bytes;
	} tails[] = {{rubbish, 1},
		     {rubbish, sizeof(rubbish)},
		     {&of_another, sizeof(of_another)},
		     {&beyond, sizeof(beyond)},
		     {&back, sizeof(back)},
		     {&back, sizeof(back) - 1}};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		assert_int_equal(archive_case_begin(state), 0);
		put_both(1, wall_us, MOTION_FAINT);
		struct buffer bytes = file_read(motion_path(file_at(wall_us)));
		buffer_append(&bytes, tails[i].data, tails[i].bytes);
		write_motion(wall_us, &bytes);
		one_round();
		assert_two_records(1, wall_us);
	}
}

static void damage_costs_only_what_it_is_in(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	put_both(1, wall_us, MOTION_FAINT);
	struct buffer bytes = file_read(motion_path(file_at(wall_us)));
	bytes.data[3] ^= 1;
	write_motion(wall_us, &bytes);
	one_round();
	assert_two_records(1, wall_us);

	assert_int_equal(archive_case_begin(state), 0);
	put_both(1, wall_us, MOTION_FAINT);
	bytes = file_read(motion_path(file_at(wall_us)));
	bytes.data[MOTION_RECORD_BYTES + 30] ^= 1;
	write_motion(wall_us, &bytes);
	one_round();
	assert_int_equal(read_day(wall_us), 1);
	assert_int_equal(list.entries[0].records, 1);
	assert_int_equal(list.entries[0].first_second, wall_us / US_PER_S + 1);

	assert_int_equal(archive_case_begin(state), 0);
	put_segment_at(1, wall_us);
	file_write(motion_path(file_at(wall_us)), "nonsense", 8);
	one_round();
	assert_int_equal(read_day(wall_us), 1);
	assert_int_equal(list.entries[0].records, 0);
	assert_false(motion_exists(wall_us));
}

static void two_records_of_a_second_are_joined(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	struct buffer bytes = {0};
	put_segment_at(1, wall_us);
	add_header(&bytes, 1, wall_us);
	add_record(&bytes, wall_us / US_PER_S, 7, MOTION_FAINT, 1);
	add_record(&bytes, wall_us / US_PER_S, 7, MOTION_STRONG, 1);
	add_record(&bytes, wall_us / US_PER_S + 1, 7, MOTION_FAINT, 1);
	write_motion(wall_us, &bytes);
	one_round();
	assert_two_records(1, wall_us);
	assert_int_equal(motion_cell(&list.blocks[list.entries[0].first_block].cells, 7, 4), MOTION_STRONG);
}

static void a_segment_that_loses_its_records_is_unknown_from_then_on(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	put_both(1, wall_us, MOTION_CLEAR);
	one_round();
	assert_int_equal(unlink(motion_path(file_at(wall_us))), 0);
	one_round();
	assert_int_equal(read_day(wall_us), 1);
	assert_int_equal(list.entries[0].records, 0);
	assert_int_equal(list.entries[0].footage, 1);
	assert_int_equal(motion_cells_count(&list.entries[0].cells), 0);
}

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
		assert_int_equal(list.entries[0].footage, 0);
		assert_int_equal(list.entries[0].records, 2);
		assert_string_equal(list.entries[0].file, file_at(old));
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
	assert_int_equal(list.entries[0].segment_no, 2);
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
	put_both(4, ago(88), MOTION_FAINT); /* for two seconds: no event */
	put_segment_at(5, ago(87));
	put_both(6, ago(2), MOTION_NONE);
	one_round();
	ASSERT_LISTED(2, 6);
	one_round(); /* by the lists alone */
	ASSERT_LISTED(2, 6);
	assert_true(motion_exists(archive_case.listed[0].start_wall_us));
	archive_case.config.retention.motion_hours = 0;
	one_round();
	ASSERT_LISTED(6);
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
	assert_int_equal(list.entries[0].records, 1);
	assert_string_equal(list.entries[0].file, entry->file);
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
		CASE(the_list_of_a_day_has_each_segment_with_its_cells_joined),
		CASE(records_are_joined_in_blocks_of_64_seconds),
		CASE(a_list_that_is_lost_or_damaged_is_written_again),
		CASE(whatever_a_crash_leaves_after_the_records_is_cut_off),
		CASE(damage_costs_only_what_it_is_in),
		CASE(two_records_of_a_second_are_joined),
		CASE(a_segment_that_loses_its_records_is_unknown_from_then_on),
		CASE(records_go_with_their_segment),
		CASE(motion_days_keeps_records_without_footage),
		CASE(a_file_whose_segment_was_deleted_by_hand_goes),
		CASE(the_records_of_a_segment_that_cannot_be_read_stay),
		CASE(segments_with_events_are_kept_for_longer),
		CASE(to_make_room_still_segments_go_first),
		CASE(what_is_set_aside_takes_its_records_along),
		CASE(corrected_times_move_the_records_once),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
