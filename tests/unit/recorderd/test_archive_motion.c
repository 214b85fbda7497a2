/* test_archive_motion.c - the lists of .motion files, and their repair. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/motion_files.h"

static void the_list_of_a_day_has_each_segment_with_its_cells_joined(void **state)
{
	(void)state;
	int64_t first = yesterday(62), second = yesterday(700);
	put_both(1, first, MOTION_CLEAR);
	put_segment_at(2, second);
	one_round();
	ASSERT_LISTED(1, 2);
	assert_int_equal(read_day(first), 2);
	const struct motion_list_entry *with = &motion_listed.entries[0], *without = &motion_listed.entries[1];
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
	assert_int_equal(motion_listed.entries[0].blocks, 2);
	assert_int_equal(motion_listed.blocks[0].second, wall_us / US_PER_S - 63);
	assert_int_equal(motion_listed.blocks[1].second, wall_us / US_PER_S + 1);
	assert_int_equal(motion_cell(&motion_listed.blocks[0].cells, 7, 4), MOTION_FAINT);
	assert_int_equal(motion_cell(&motion_listed.blocks[1].cells, 8, 4), MOTION_FAINT);
	assert_int_equal(motion_cells_count(&motion_listed.blocks[1].cells), 1);
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
	assert_int_equal(motion_listed.entries[0].records, 2);
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

/* Whoever can write the folder can make a file that has no end to speak of. */
static void no_more_is_read_than_a_segment_can_have(void **state)
{
	(void)state;
	int64_t wall_us = yesterday(0);
	put_both(1, wall_us, MOTION_FAINT);
	assert_int_equal(truncate(motion_path(file_at(wall_us)), INT64_C(1) << 42), 0);
	one_round();
	assert_two_records(1, wall_us);
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
	assert_int_equal(motion_listed.entries[0].records, 1);
	assert_int_equal(motion_listed.entries[0].first_second, wall_us / US_PER_S + 1);

	assert_int_equal(archive_case_begin(state), 0);
	put_segment_at(1, wall_us);
	file_write(motion_path(file_at(wall_us)), "nonsense", 8);
	one_round();
	assert_int_equal(read_day(wall_us), 1);
	assert_int_equal(motion_listed.entries[0].records, 0);
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
	assert_int_equal(motion_cell(&motion_listed.blocks[motion_listed.entries[0].first_block].cells, 7, 4),
			 MOTION_STRONG);
}

/* Puts a link in the place of a .motion file: it is not followed, so that the records cannot be read. */
static void make_unreadable(int64_t wall_us)
{
	char records[PATH_BYTES];

	snprintf(records, sizeof(records), "%s", motion_path(file_at(wall_us)));
	struct buffer out = output_of("mv '%s' '%s.away' && ln -s '%s.away' '%s'", records, records, records, records);
	buffer_free(&out);
}

static void records_that_cannot_be_read_now_are_neither_deleted_nor_listed_as_none(void **state)
{
	(void)state;
	int64_t gone = ago(80), young = yesterday(0);
	archive_case.config.motion.days = 30;
	put_motion(1, gone, MOTION_CLEAR);
	put_both(2, young, MOTION_CLEAR);
	put_both(3, young + 100 * US_PER_S, MOTION_CLEAR);
	make_unreadable(gone);
	make_unreadable(young);
	one_round();
	ASSERT_LISTED(2, 3);
	assert_true(motion_exists(gone));
	assert_int_equal(read_day(young), 1);
	assert_int_equal(motion_listed.entries[0].segment_no, 3);
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
	assert_int_equal(motion_listed.entries[0].records, 0);
	assert_int_equal(motion_listed.entries[0].footage, 1);
	assert_int_equal(motion_cells_count(&motion_listed.entries[0].cells), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_list_of_a_day_has_each_segment_with_its_cells_joined),
		CASE(records_are_joined_in_blocks_of_64_seconds),
		CASE(a_list_that_is_lost_or_damaged_is_written_again),
		CASE(whatever_a_crash_leaves_after_the_records_is_cut_off),
		CASE(no_more_is_read_than_a_segment_can_have),
		CASE(damage_costs_only_what_it_is_in),
		CASE(two_records_of_a_second_are_joined),
		CASE(records_that_cannot_be_read_now_are_neither_deleted_nor_listed_as_none),
		CASE(a_segment_that_loses_its_records_is_unknown_from_then_on),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
