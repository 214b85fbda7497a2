/* test_motion_list.c - the names of the lists of .motion files, and what is accepted in one. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "shared/motion/motion_list.h"
#include "tests/unit/support/media_cases.h"

#define SECOND INT64_C(1800000000) /* 2027-01-15T08:00:00Z, a multiple of 64 */

/* A list of two segments, the first with two blocks. */
struct two {
	struct motion_list_header header;
	struct motion_list_entry entries[2];
	struct motion_list_block blocks[3];
};

static struct two two_segments(void)
{
	struct two out = {
		.header = {.entries = 2, .blocks = 3, .first_second = SECOND, .end_second = SECOND + 200},
		.entries = {{.segment_no = 5, .first_second = SECOND, .end_second = SECOND + 100, .records = 100},
			    {.segment_no = 9, .first_second = SECOND + 128, .end_second = SECOND + 192, .records = 60}},
		.blocks = {{.second = SECOND, .segment_no = 5},
			   {.second = SECOND + 64, .segment_no = 5},
			   {.second = SECOND + 128, .segment_no = 9}},
	};

	out.entries[0].blocks = 2;
	out.entries[1].first_block = 2;
	out.entries[1].blocks = 1;
	for (int i = 0; i < 2; i++) {
		segment_file_name((SECOND + i * 128) * 1000000, 1, out.entries[i].file);
		motion_list_entry_seal(&out.entries[i]);
	}
	for (int i = 0; i < 3; i++)
		motion_list_block_seal(&out.blocks[i]);
	motion_list_header_seal(&out.header);
	return out;
}

static enum motion_outcome open_bytes(const void *data, size_t length, struct motion_list *out)
{
	char path[PATH_BYTES];

	file_write(path_of("a.bin", path), data, length);
	return motion_list_open(AT_FDCWD, path, out);
}

static void a_list_is_named_after_its_day_in_utc(void **state)
{
	(void)state;
	char name[MOTION_LIST_FILE_BYTES];

	motion_list_name(SECOND, name);
	assert_string_equal(name, "motion_20270115.bin");
	motion_list_name(SECOND + 16 * 3600 - 1, name);
	assert_string_equal(name, "motion_20270115.bin");
	motion_list_name(SECOND + 16 * 3600, name);
	assert_string_equal(name, "motion_20270116.bin");
	motion_list_name(0, name);
	assert_string_equal(name, "motion_19700101.bin");
}

static void only_days_that_exist_are_names(void **state)
{
	(void)state;
	static const char *const good[] = {"motion_19700101.bin", "motion_20240229.bin", "motion_20261231.bin"};
	static const char *const bad[] = {
		"",
		"motion_",
		"motion_20270229.bin",
		"motion_20271301.bin",
		"motion_20270100.bin",
		"motion_19691231.bin",
		"motion_99990101.bin",
		"motion_2027011.bin",
		"motion_202701150.bin",
		"motion_20270115.bin.part",
		"motion_20270115.json",
		"motion_-0270115.bin",
		".motion_20270115.bin",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(motion_list_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(motion_list_name_valid(bad[i]));
}

static void sealed_entries_and_blocks_are_read_back(void **state)
{
	(void)state;
	struct two two = two_segments();
	struct motion_list list;
	struct motion_list_entry entries[3];
	struct motion_list_block blocks[4];

	assert_int_equal(open_bytes(&two, sizeof(two), &list), MOTION_OK);
	assert_int_equal(motion_list_read(&list, 0, 3, entries), 2);
	assert_int_equal(motion_list_read_blocks(&list, 0, 4, blocks), 3);
	assert_memory_equal(entries, two.entries, sizeof(two.entries));
	assert_memory_equal(blocks, two.blocks, sizeof(two.blocks));
	assert_true(motion_list_entry_valid(&list.header, &entries[0]));
	assert_true(motion_list_entry_valid(&list.header, &entries[1]));
	assert_true(motion_list_block_valid(&entries[0], &blocks[1]));
	assert_false(motion_list_block_valid(&entries[0], &blocks[2]));
	assert_true(motion_list_block_valid(&entries[1], &blocks[2]));
	assert_int_equal(motion_list_read(&list, 1, 2, entries), 1);
	assert_int_equal(entries[0].segment_no, 9);
	assert_int_equal(motion_list_read(&list, 2, 1, entries), 0);
	assert_int_equal(motion_list_read_blocks(&list, UINT32_MAX, 1, blocks), 0);
	motion_list_close(&list);
	motion_list_close(&list);
	assert_int_equal(motion_list_open(AT_FDCWD, "/nowhere/at/all.bin", &list), MOTION_MISSING);
	assert_int_equal(motion_list_open(-1, "no.bin", &list), MOTION_ERROR);
}

static void a_list_that_was_cut_short_is_refused(void **state)
{
	(void)state;
	struct two two = two_segments();
	struct motion_list list;

	for (size_t length = 0; length < sizeof(two); length++)
		assert_int_equal(open_bytes(&two, length, &list), MOTION_INVALID);
}

static void a_damaged_byte_costs_only_what_it_is_in(void **state)
{
	(void)state;
	struct two two = two_segments();
	uint8_t *bytes = (uint8_t *)&two;

	for (size_t at = 0; at < sizeof(two); at++) {
		struct motion_list list;
		struct motion_list_entry entries[2];
		struct motion_list_block blocks[3];
		bytes[at] ^= 0x10;
		enum motion_outcome outcome = open_bytes(&two, sizeof(two), &list);
		bytes[at] ^= 0x10;
		assert_int_equal(outcome, at < MOTION_LIST_ENTRY_BYTES ? MOTION_INVALID : MOTION_OK);
		if (outcome != MOTION_OK)
			continue;
		assert_int_equal(motion_list_read(&list, 0, 2, entries), 2);
		assert_int_equal(motion_list_read_blocks(&list, 0, 3, blocks), 3);
		for (size_t i = 0; i < 2; i++) {
			bool hit = at / MOTION_LIST_ENTRY_BYTES == i + 1;
			assert_int_equal(motion_list_entry_valid(&list.header, &entries[i]), !hit);
		}
		for (size_t i = 0; i < 3; i++) {
			size_t begin = offsetof(struct two, blocks) + i * MOTION_LIST_BLOCK_BYTES;
			bool hit = at >= begin && at < begin + MOTION_LIST_BLOCK_BYTES;
			assert_int_equal(motion_list_block_valid(&two.entries[i / 2], &blocks[i]), !hit);
		}
		motion_list_close(&list);
	}
}

static bool entry_passes(const struct motion_list_entry *entry)
{
	struct motion_list_entry sealed = *entry;
	struct two two = two_segments();

	motion_list_entry_seal(&sealed);
	return motion_list_entry_valid(&two.header, &sealed);
}

/* Their CRCs are right: anyone who can write the folder can compute one. */
static void impossible_entries_do_not_pass(void **state)
{
	(void)state;
	struct two two = two_segments();
	struct motion_list_entry entry = two.entries[0];

	assert_true(entry_passes(&entry));
	entry.segment_no = 0;
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	entry.first_second = -1;
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	entry.end_second = INT64_MAX;
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	entry.end_second = entry.first_second;
	assert_false(entry_passes(&entry));
	entry.records = 0;
	assert_true(entry_passes(&entry));
	entry = two.entries[0];
	entry.first_block = UINT32_MAX;
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	entry.first_block = 2;
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	entry.end_second = entry.first_second + 1;
	entry.blocks = 3;
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	memset(entry.file, 'x', sizeof(entry.file));
	assert_false(entry_passes(&entry));
	entry = two.entries[0];
	snprintf(entry.file, sizeof(entry.file), "../../etc/passwd");
	assert_false(entry_passes(&entry));
}

static void impossible_blocks_do_not_pass(void **state)
{
	(void)state;
	struct two two = two_segments();
	struct motion_list_block block = two.blocks[1];

	block.second++;
	motion_list_block_seal(&block);
	assert_false(motion_list_block_valid(&two.entries[0], &block));
	block.second = SECOND + 128;
	motion_list_block_seal(&block);
	assert_false(motion_list_block_valid(&two.entries[0], &block));
	block.second = INT64_MAX - INT64_MAX % 64;
	motion_list_block_seal(&block);
	assert_false(motion_list_block_valid(&two.entries[0], &block));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_is_named_after_its_day_in_utc),
		cmocka_unit_test(only_days_that_exist_are_names),
		cmocka_unit_test(sealed_entries_and_blocks_are_read_back),
		cmocka_unit_test(a_list_that_was_cut_short_is_refused),
		cmocka_unit_test(a_damaged_byte_costs_only_what_it_is_in),
		cmocka_unit_test(impossible_entries_do_not_pass),
		cmocka_unit_test(impossible_blocks_do_not_pass),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
