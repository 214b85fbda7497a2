/* test_index.c - reading the .idx file of a segment, up to the first damage. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/media_cases.h"

#define RECORDS    50u
#define SEGMENT_NO UINT64_C(0x1234567890)

static struct buffer index_bytes(void)
{
	struct buffer out = {0};
	struct index_header header = {.segment_no = SEGMENT_NO, .first_wall_us = MEDIA_WALL_US};

	index_header_seal(&header);
	buffer_append(&out, &header, sizeof(header));
	for (uint32_t i = 0; i < RECORDS; i++) {
		/* Some frames have the same time as the one before. */
		struct index_record record = {
			.wall_us = MEDIA_WALL_US + (i - i % 5 / 4) * 100,
			.offset = 1000 + i * 100,
			.size = 90,
			.duration_us = 100,
			.flags = i % 10 == 0 ? INDEX_KEY : 0,
		};
		index_record_seal(&record, SEGMENT_NO);
		buffer_append(&out, &record, sizeof(record));
	}
	return out;
}

static enum index_outcome open_bytes(const void *data, size_t length, uint64_t segment_no, struct index_reader *out)
{
	char path[PATH_BYTES];

	file_write(path_of("a.idx", path), data, length);
	return index_reader_open(AT_FDCWD, path, segment_no, out);
}

static void sealed_records_are_read_back(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_reader reader;
	struct index_record records[RECORDS + 1];

	assert_int_equal(open_bytes(bytes.data, bytes.length, SEGMENT_NO, &reader), INDEX_OK);
	assert_int_equal(reader.segment_no, SEGMENT_NO);
	assert_int_equal(reader.first_wall_us, MEDIA_WALL_US);
	assert_int_equal(index_reader_count(&reader), RECORDS);
	assert_int_equal(index_reader_read(&reader, 0, RECORDS + 1, records), RECORDS);
	assert_memory_equal(records, bytes.data + INDEX_RECORD_BYTES, RECORDS * INDEX_RECORD_BYTES);
	assert_int_equal(index_reader_read(&reader, 7, 2, records), 2);
	assert_int_equal(records[0].offset, 1700);
	assert_int_equal(index_reader_read(&reader, RECORDS, 1, records), 0);
	assert_int_equal(index_reader_read(&reader, UINT64_MAX, 1, records), 0);
	index_reader_close(&reader);
	buffer_free(&bytes);
}

static void a_cut_at_any_byte_leaves_the_whole_records_before_it(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_record records[RECORDS];

	for (size_t length = bytes.length; length-- > 0;) {
		struct index_reader reader;
		enum index_outcome outcome = open_bytes(bytes.data, length, SEGMENT_NO, &reader);
		assert_int_equal(outcome, length < INDEX_RECORD_BYTES ? INDEX_INVALID : INDEX_OK);
		if (outcome != INDEX_OK)
			continue;
		assert_int_equal(index_reader_count(&reader), length / INDEX_RECORD_BYTES - 1);
		assert_int_equal(index_reader_read(&reader, 0, RECORDS, records), length / INDEX_RECORD_BYTES - 1);
		index_reader_close(&reader);
	}
	buffer_free(&bytes);
}

static void a_damaged_byte_ends_the_index_at_its_record(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_record records[RECORDS];

	for (size_t at = 0; at < bytes.length; at++) {
		struct index_reader reader;
		bytes.data[at] ^= 0x10;
		enum index_outcome outcome = open_bytes(bytes.data, bytes.length, 0, &reader);
		bytes.data[at] ^= 0x10;
		assert_int_equal(outcome, at < INDEX_RECORD_BYTES ? INDEX_INVALID : INDEX_OK);
		if (outcome != INDEX_OK)
			continue;
		assert_int_equal(index_reader_read(&reader, 0, RECORDS, records), at / INDEX_RECORD_BYTES - 1);
		index_reader_close(&reader);
	}
	buffer_free(&bytes);
}

static void a_tail_of_zeros_ends_the_index(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_reader reader;
	struct index_record records[RECORDS];

	memset(bytes.data + 20 * INDEX_RECORD_BYTES, 0, bytes.length - 20 * INDEX_RECORD_BYTES);
	assert_int_equal(open_bytes(bytes.data, bytes.length, SEGMENT_NO, &reader), INDEX_OK);
	assert_int_equal(index_reader_read(&reader, 0, RECORDS, records), 19);
	index_reader_close(&reader);
	buffer_free(&bytes);
}

static void records_of_another_segment_do_not_pass(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_reader reader;
	struct index_record records[RECORDS];

	for (uint32_t i = 30; i < RECORDS; i++) {
		struct index_record record;
		uint8_t *at = bytes.data + (i + 1) * INDEX_RECORD_BYTES;
		memcpy(&record, at, sizeof(record));
		index_record_seal(&record, SEGMENT_NO + 1);
		memcpy(at, &record, sizeof(record));
	}
	assert_int_equal(open_bytes(bytes.data, bytes.length, SEGMENT_NO, &reader), INDEX_OK);
	assert_int_equal(index_reader_read(&reader, 0, RECORDS, records), 30);
	index_reader_close(&reader);
	buffer_free(&bytes);
}

static void the_index_of_another_segment_is_refused(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_reader reader;

	assert_int_equal(open_bytes(bytes.data, bytes.length, SEGMENT_NO + 1, &reader), INDEX_INVALID);
	assert_int_equal(open_bytes(bytes.data, bytes.length, 0, &reader), INDEX_OK);
	index_reader_close(&reader);
	index_reader_close(&reader);
	assert_int_equal(index_reader_open(AT_FDCWD, "/nowhere/at/all.idx", 0, &reader), INDEX_MISSING);
	assert_int_equal(index_reader_open(-1, "no.idx", 0, &reader), INDEX_ERROR);
	index_reader_close(&(struct index_reader){0});
	assert_true(fcntl(0, F_GETFD) >= 0);
	buffer_free(&bytes);
}

static void appended_records_can_be_read_at_once(void **state)
{
	(void)state;
	struct buffer bytes = index_bytes();
	struct index_reader reader;
	struct index_record record;
	char path[PATH_BYTES];

	assert_int_equal(open_bytes(bytes.data, 2 * INDEX_RECORD_BYTES, SEGMENT_NO, &reader), INDEX_OK);
	assert_int_equal(index_reader_count(&reader), 1);
	FILE *file = fopen(path_of("a.idx", path), "a");
	assert_int_equal(fwrite(bytes.data + 2 * INDEX_RECORD_BYTES, 1, INDEX_RECORD_BYTES, file), INDEX_RECORD_BYTES);
	fclose(file);
	assert_int_equal(index_reader_count(&reader), 2);
	assert_int_equal(index_reader_read(&reader, 1, 1, &record), 1);
	index_reader_close(&reader);
	buffer_free(&bytes);
}

static void the_name_is_made_from_the_segment_s(void **state)
{
	(void)state;
	char name[SEGMENT_FILE_BYTES];

	assert_true(index_name("recording_20260517_102300.mp4", name, sizeof(name)));
	assert_string_equal(name, "recording_20260517_102300.idx");
	assert_false(index_name("recording_20260517_102300.mp4", name, 29));
	assert_true(index_name("recording_20260517_102300.mp4", name, 30));
	assert_false(index_name("recording_20260517_102300.mov", name, sizeof(name)));
	assert_false(index_name(".mp4", name, sizeof(name)));
	assert_false(index_name("", name, sizeof(name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_records_are_read_back),
		cmocka_unit_test(a_cut_at_any_byte_leaves_the_whole_records_before_it),
		cmocka_unit_test(a_damaged_byte_ends_the_index_at_its_record),
		cmocka_unit_test(a_tail_of_zeros_ends_the_index),
		cmocka_unit_test(records_of_another_segment_do_not_pass),
		cmocka_unit_test(the_index_of_another_segment_is_refused),
		cmocka_unit_test(appended_records_can_be_read_at_once),
		cmocka_unit_test(the_name_is_made_from_the_segment_s),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
