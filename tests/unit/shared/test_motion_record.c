/* test_motion_record.c - the cells of a record, joining records, and reading a .motion file up to the first damage. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/motion/motion_record.h"
#include "tests/unit/support/media_cases.h"

#define RECORDS    12u
#define SEGMENT_NO UINT64_C(0x1234567890)
#define SECOND     (MEDIA_WALL_US / 1000000)

static struct buffer motion_bytes(void)
{
	struct buffer out = {0};
	struct motion_header header;

	motion_header_init(&header, SEGMENT_NO);
	buffer_append(&out, &header, sizeof(header));
	for (uint32_t i = 0; i < RECORDS; i++) {
		struct motion_record record = {.second = SECOND + i, .frames = 5};
		motion_cells_raise(&record.cells, (int)i, 3, MOTION_CLEAR);
		motion_record_seal(&record, SEGMENT_NO);
		buffer_append(&out, &record, sizeof(record));
	}
	return out;
}

static enum motion_outcome open_bytes(const void *data, size_t length, uint64_t segment_no, struct motion_reader *out)
{
	char path[PATH_BYTES];

	file_write(path_of("a.motion", path), data, length);
	return motion_reader_open(AT_FDCWD, path, segment_no, out);
}

static void only_a_plain_file_is_one(void **state)
{
	struct motion_reader reader;
	char path[PATH_BYTES];

	(void)state;
	assert_int_equal(mkdir(path_of("folder.motion", path), 0700), 0);
	assert_int_equal(motion_reader_open(AT_FDCWD, path, 0, &reader), MOTION_INVALID);
	assert_int_equal(mkfifo(path_of("fifo.motion", path), 0600), 0);
	assert_int_equal(motion_reader_open(AT_FDCWD, path, 0, &reader), MOTION_INVALID);
	path_of("circle.motion", path);
	assert_int_equal(symlink(path, path), 0);
	assert_int_equal(motion_reader_open(AT_FDCWD, path, 0, &reader), MOTION_INVALID);
}

static void each_cell_has_its_own_bits(void **state)
{
	(void)state;

	for (int cell = 0; cell < MOTION_CELLS; cell++) {
		struct motion_cells cells = {0};
		motion_cells_raise(&cells, cell % MOTION_COLUMNS, cell / MOTION_COLUMNS, MOTION_FAINT);
		assert_int_equal(cells.low[cell / 8], 1 << cell % 8);
		motion_cells_raise(&cells, cell % MOTION_COLUMNS, cell / MOTION_COLUMNS, MOTION_CLEAR);
		assert_int_equal(cells.low[cell / 8], 0);
		assert_int_equal(cells.high[cell / 8], 1 << cell % 8);
		assert_int_equal(motion_cells_count(&cells), 1);
	}
}

static void raising_never_lowers(void **state)
{
	(void)state;

	for (int before = MOTION_NONE; before <= MOTION_STRONG; before++) {
		for (int raised = MOTION_NONE; raised <= MOTION_STRONG; raised++) {
			struct motion_cells cells = {0};
			motion_cells_raise(&cells, 31, 17, (enum motion_strength)before);
			motion_cells_raise(&cells, 31, 17, (enum motion_strength)raised);
			assert_int_equal(motion_cell(&cells, 31, 17), before > raised ? before : raised);
			assert_int_equal(motion_cells_count(&cells), before > 0 || raised > 0);
		}
	}
}

static void joined_cells_have_the_larger_strength(void **state)
{
	(void)state;
	uint32_t seed = 7;

	for (int round = 0; round < 20; round++) {
		struct motion_cells a = {0}, b = {0}, joined;
		unsigned moving = 0;
		for (int cell = 0; cell < MOTION_CELLS; cell++) {
			motion_cells_raise(&a, cell % MOTION_COLUMNS, cell / MOTION_COLUMNS, next_random(&seed) % 4);
			motion_cells_raise(&b, cell % MOTION_COLUMNS, cell / MOTION_COLUMNS, next_random(&seed) % 4);
		}
		joined = a;
		motion_cells_join(&joined, &b);
		for (int cell = 0; cell < MOTION_CELLS; cell++) {
			int column = cell % MOTION_COLUMNS, row = cell / MOTION_COLUMNS;
			unsigned of_a = motion_cell(&a, column, row), of_b = motion_cell(&b, column, row);
			assert_int_equal(motion_cell(&joined, column, row), of_a > of_b ? of_a : of_b);
			moving += (of_a | of_b) != 0;
		}
		assert_int_equal(motion_cells_count(&joined), moving);
	}
}

static void joined_records_weigh_their_means_by_frames(void **state)
{
	(void)state;
	struct motion_record a = {.mean_luma = 100, .gain = -10, .jpeg_bytes = 60000, .likeness = -128, .frames = 1};
	struct motion_record b = {.mean_luma = 40, .gain = 2, .jpeg_bytes = 30000, .likeness = -50, .frames = 4};

	motion_cells_raise(&a.cells, 1, 1, MOTION_FAINT);
	motion_cells_raise(&b.cells, 2, 1, MOTION_STRONG);
	a.flags = MOTION_DARK;
	b.flags = MOTION_FEW_FRAMES;
	motion_record_join(&a, &b);
	assert_int_equal(a.mean_luma, 52);
	assert_int_equal(a.gain, 0);
	assert_int_equal(a.jpeg_bytes, 36000);
	assert_int_equal(a.likeness, -50);
	assert_int_equal(a.flags, MOTION_DARK | MOTION_FEW_FRAMES);
	assert_int_equal(a.frames, 5);
	assert_int_equal(a.moving_cells, 2);
	b.likeness = -128;
	motion_record_join(&a, &b);
	assert_int_equal(a.likeness, -50);
	assert_int_equal(a.frames, 9);
}

static void a_second_is_unknown_if_no_record_of_it_tells_what_moved(void **state)
{
	(void)state;
	static const struct {
		unsigned a, b, joined;
	} cases[] = {{MOTION_LEARNING, 0, 0},
		     {0, MOTION_GLOBAL | MOTION_DARK, MOTION_DARK},
		     {MOTION_LEARNING, MOTION_LEARNING, MOTION_LEARNING},
		     {MOTION_LEARNING, MOTION_GLOBAL, MOTION_LEARNING | MOTION_GLOBAL}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct motion_record a = {.flags = (uint8_t)cases[i].a}, b = {.flags = (uint8_t)cases[i].b};

		motion_record_join(&a, &b);
		assert_int_equal(a.flags, cases[i].joined);
	}
}

static void joining_copes_with_no_frames_and_with_very_many(void **state)
{
	(void)state;
	struct motion_record a = {.sharpness = 10}, b = {.sharpness = 21};

	motion_record_join(&a, &b);
	assert_int_equal(a.sharpness, 16);
	assert_int_equal(a.frames, 0);
	a.frames = b.frames = 255;
	motion_record_join(&a, &b);
	assert_int_equal(a.frames, 255);
}

static void sealed_records_are_read_back(void **state)
{
	(void)state;
	struct buffer bytes = motion_bytes();
	struct motion_reader reader;
	struct motion_record records[RECORDS + 1];

	assert_int_equal(open_bytes(bytes.data, bytes.length, SEGMENT_NO, &reader), MOTION_OK);
	assert_int_equal(reader.segment_no, SEGMENT_NO);
	assert_int_equal(motion_reader_count(&reader), RECORDS);
	assert_int_equal(motion_reader_read(&reader, 0, RECORDS + 1, records), RECORDS);
	assert_memory_equal(records, bytes.data + MOTION_RECORD_BYTES, RECORDS * MOTION_RECORD_BYTES);
	assert_int_equal(motion_reader_read(&reader, 7, 2, records), 2);
	assert_int_equal(records[0].second, SECOND + 7);
	assert_int_equal(motion_reader_read(&reader, RECORDS, 1, records), 0);
	assert_int_equal(motion_reader_read(&reader, UINT64_MAX, 1, records), 0);
	motion_reader_close(&reader);
	buffer_free(&bytes);
}

static void a_cut_at_any_byte_leaves_the_whole_records_before_it(void **state)
{
	(void)state;
	struct buffer bytes = motion_bytes();
	struct motion_record records[RECORDS];

	for (size_t length = bytes.length; length-- > 0;) {
		struct motion_reader reader;
		enum motion_outcome outcome = open_bytes(bytes.data, length, SEGMENT_NO, &reader);
		assert_int_equal(outcome, length < MOTION_RECORD_BYTES ? MOTION_INVALID : MOTION_OK);
		if (outcome != MOTION_OK)
			continue;
		assert_int_equal(motion_reader_count(&reader), length / MOTION_RECORD_BYTES - 1);
		assert_int_equal(motion_reader_read(&reader, 0, RECORDS, records), length / MOTION_RECORD_BYTES - 1);
		motion_reader_close(&reader);
	}
	buffer_free(&bytes);
}

static void a_damaged_byte_ends_the_file_at_its_record(void **state)
{
	(void)state;
	struct buffer bytes = motion_bytes();
	struct motion_record records[RECORDS];

	for (size_t at = 0; at < bytes.length; at++) {
		struct motion_reader reader;
		bytes.data[at] ^= 0x10;
		enum motion_outcome outcome = open_bytes(bytes.data, bytes.length, 0, &reader);
		bytes.data[at] ^= 0x10;
		assert_int_equal(outcome, at < MOTION_RECORD_BYTES ? MOTION_INVALID : MOTION_OK);
		if (outcome != MOTION_OK)
			continue;
		assert_int_equal(motion_reader_read(&reader, 0, RECORDS, records), at / MOTION_RECORD_BYTES - 1);
		motion_reader_close(&reader);
	}
	buffer_free(&bytes);
}

static void records_of_another_segment_and_impossible_seconds_do_not_pass(void **state)
{
	(void)state;
	struct motion_record record = {.second = SECOND};

	motion_record_seal(&record, SEGMENT_NO);
	assert_true(motion_record_valid(&record, SEGMENT_NO));
	assert_false(motion_record_valid(&record, SEGMENT_NO + 1));
	assert_false(motion_record_valid(&(struct motion_record){0}, SEGMENT_NO));
	record.second = -1;
	motion_record_seal(&record, SEGMENT_NO);
	assert_false(motion_record_valid(&record, SEGMENT_NO));
	record.second = INT64_MAX;
	motion_record_seal(&record, SEGMENT_NO);
	assert_false(motion_record_valid(&record, SEGMENT_NO));
}

static void the_file_of_another_segment_is_refused(void **state)
{
	(void)state;
	struct buffer bytes = motion_bytes();
	struct motion_reader reader;

	assert_int_equal(open_bytes(bytes.data, bytes.length, SEGMENT_NO + 1, &reader), MOTION_INVALID);
	assert_int_equal(open_bytes(bytes.data, bytes.length, 0, &reader), MOTION_OK);
	motion_reader_close(&reader);
	motion_reader_close(&reader);
	assert_int_equal(motion_reader_open(AT_FDCWD, "/nowhere/at/all.motion", 0, &reader), MOTION_MISSING);
	assert_int_equal(motion_reader_open(-1, "no.motion", 0, &reader), MOTION_ERROR);
	motion_reader_close(&(struct motion_reader){0});
	assert_true(fcntl(0, F_GETFD) >= 0);
	buffer_free(&bytes);
}

static void the_name_is_made_from_the_segment_s(void **state)
{
	(void)state;
	char name[SEGMENT_FILE_BYTES];

	assert_true(motion_file_name("recording_20260517_102300.mp4", name, sizeof(name)));
	assert_string_equal(name, "recording_20260517_102300.motion");
	assert_false(motion_file_name("recording_20260517_102300.mp4", name, 32));
	assert_true(motion_file_name("recording_20260517_102300.mp4", name, 33));
	assert_false(motion_file_name("recording_20260517_102300.mov", name, sizeof(name)));
	assert_false(motion_file_name(".mp4", name, sizeof(name)));
	assert_false(motion_file_name("", name, sizeof(name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_plain_file_is_one),
		cmocka_unit_test(each_cell_has_its_own_bits),
		cmocka_unit_test(raising_never_lowers),
		cmocka_unit_test(joined_cells_have_the_larger_strength),
		cmocka_unit_test(joined_records_weigh_their_means_by_frames),
		cmocka_unit_test(a_second_is_unknown_if_no_record_of_it_tells_what_moved),
		cmocka_unit_test(joining_copes_with_no_frames_and_with_very_many),
		cmocka_unit_test(sealed_records_are_read_back),
		cmocka_unit_test(a_cut_at_any_byte_leaves_the_whole_records_before_it),
		cmocka_unit_test(a_damaged_byte_ends_the_file_at_its_record),
		cmocka_unit_test(records_of_another_segment_and_impossible_seconds_do_not_pass),
		cmocka_unit_test(the_file_of_another_segment_is_refused),
		cmocka_unit_test(the_name_is_made_from_the_segment_s),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
