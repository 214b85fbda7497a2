/* test_block_map.c - of a segment in the cache nothing is read that is not there: shared/segment/block_map.h. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/segment/block_map.h"
#include "shared/segment/segment_reader.h"

#define FILE_NAME "recording_20260517_102300.mp4"
#define MIB       ((uint64_t)FETCH_BLOCK_BYTES)

static char folder_path[] = "/tmp/recorder-blocks-XXXXXX";
static int folder;

static int make_folder(void **state)
{
	(void)state;
	folder = mkdtemp(folder_path) ? open(folder_path, O_RDONLY | O_DIRECTORY) : -1;
	return folder < 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlinkat(folder, FILE_NAME FETCH_BLOCKS_SUFFIX, 0);
	unlinkat(folder, FILE_NAME, 0);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	close(folder);
	return rmdir(folder_path);
}

/* Makes a file of which every byte is `fill`, and the map with those bits. */
static void make_files(uint8_t fill, uint64_t file_bytes, const uint8_t *bits, size_t bits_bytes)
{
	struct fetch_blocks header = {.magic = FETCH_BLOCKS_MAGIC, .file_bytes = file_bytes};
	uint8_t head[BLOCK_MAP_HEAD_BYTES];
	int fd;

	remove_files(NULL);
	memset(head, fill, sizeof(head));
	fd = openat(folder, FILE_NAME, O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, (off_t)file_bytes), 0);
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	close(fd);
	fd = openat(folder, FILE_NAME FETCH_BLOCKS_SUFFIX, O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, bits, bits_bytes), bits_bytes);
	close(fd);
}

static void set_bits(uint8_t bits, size_t byte)
{
	int fd = openat(folder, FILE_NAME FETCH_BLOCKS_SUFFIX, O_WRONLY);

	assert_int_equal(pwrite(fd, &bits, 1, (off_t)(sizeof(struct fetch_blocks) + byte)), 1);
	close(fd);
}

static void only_blocks_whose_bits_are_set_are_there(void **state)
{
	const uint8_t bits[] = {0x81, 0x03};
	struct block_map *map;

	(void)state;
	make_files('a', 10 * MIB + 5, bits, sizeof(bits));
	int fd = block_map_open(folder, FILE_NAME, &map);
	assert_true(fd >= 0);
	assert_int_equal(block_map_available(map, 0, 20 * MIB), MIB);
	assert_int_equal(block_map_available(map, 100, 20), 20);
	assert_int_equal(block_map_available(map, MIB, 1), 0);
	assert_int_equal(block_map_available(map, MIB - 1, 2), 1);
	assert_int_equal(block_map_available(map, 7 * MIB + 1, 20 * MIB), 3 * MIB - 1);
	assert_int_equal(block_map_available(map, 10 * MIB, 20 * MIB), 0);
	assert_int_equal(block_map_available(map, 11 * MIB, 1), 0);
	assert_int_equal(block_map_available(map, UINT64_MAX - 1, 1), 0);
	assert_int_equal(block_map_missing_at(map, 0, 2 * MIB), MIB);
	assert_int_equal(block_map_missing_at(map, 7 * MIB, 9 * MIB), 9 * MIB);
	set_bits(0x07, 1);
	assert_int_equal(block_map_available(map, 7 * MIB, 20 * MIB), 3 * MIB + 5);
	set_bits(0xff, 0);
	assert_int_equal(block_map_available(map, 0, UINT64_MAX), 10 * MIB + 5);
	block_map_close(map);
	close(fd);
}

static void a_map_that_ends_early_has_nothing_more(void **state)
{
	const uint8_t bits[] = {0xff};
	struct block_map *map;

	(void)state;
	make_files('a', 100 * MIB, bits, sizeof(bits));
	int fd = block_map_open(folder, FILE_NAME, &map);
	assert_true(fd >= 0);
	assert_int_equal(block_map_available(map, 0, 100 * MIB), 8 * MIB);
	assert_int_equal(block_map_available(map, 90 * MIB, MIB), 0);
	block_map_close(map);
	close(fd);
}

static void a_file_without_a_valid_map_is_not_opened(void **state)
{
	const uint8_t bits[] = {0xff};
	struct block_map *map;

	(void)state;
	make_files('a', MIB, bits, sizeof(bits));
	unlinkat(folder, FILE_NAME FETCH_BLOCKS_SUFFIX, 0);
	assert_int_equal(block_map_open(folder, FILE_NAME, &map), -1);
	assert_int_equal(errno, ENOENT);
	close(openat(folder, FILE_NAME FETCH_BLOCKS_SUFFIX, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(block_map_open(folder, FILE_NAME, &map), -1);
	assert_int_equal(errno, EBADMSG);
}

static void what_was_replaced_is_renewed_if_it_is_the_same_segment(void **state)
{
	const uint8_t first[] = {0x01}, all[] = {0x03}, none[] = {0x02};
	struct block_map *map;
	struct stat before, after;

	(void)state;
	make_files('a', 2 * MIB, first, sizeof(first));
	int fd = block_map_open(folder, FILE_NAME, &map);
	assert_int_equal(fstat(fd, &before), 0);
	make_files('b', 2 * MIB, all, sizeof(all));
	assert_false(block_map_renew(map, folder, fd));
	assert_int_equal(errno, ENOENT);
	make_files('a', 2 * MIB, none, sizeof(none));
	assert_false(block_map_renew(map, folder, fd));
	assert_int_equal(errno, ENODATA);
	assert_int_equal(block_map_available(map, 0, 2 * MIB), MIB);
	make_files('a', 2 * MIB, all, sizeof(all));
	assert_int_equal(block_map_available(map, 0, 2 * MIB), MIB);
	assert_true(block_map_renew(map, folder, fd));
	assert_int_equal(block_map_available(map, 0, 2 * MIB), 2 * MIB);
	assert_int_equal(fstat(fd, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	block_map_close(map);
	close(fd);
}

/* The .mp4 is all zeros behind its beginning: scanning it would find that nothing was recorded. */
static void a_segment_whose_files_are_not_there_is_out_of_reach_and_no_gap(void **state)
{
	const uint8_t bits[] = {0x01};
	struct catalogue_entry entry = {.segment_no = 1, .flags = SEGMENT_PARTIAL, .file = FILE_NAME};
	struct segment_reader segment;

	(void)state;
	assert_false(segment_reader_open(folder, &entry, &segment));
	assert_int_equal(segment_reader_classify(errno), SEGMENT_READER_UNREADABLE);
	make_files('a', 2 * MIB, bits, sizeof(bits));
	assert_false(segment_reader_open(folder, &entry, &segment));
	assert_int_equal(segment_reader_classify(errno), SEGMENT_READER_UNREADABLE);
	assert_true(segment_reader_exists(folder, &entry));
	entry.flags |= SEGMENT_EXPIRED;
	assert_false(segment_reader_open(folder, &entry, &segment));
	assert_int_equal(segment_reader_classify(errno), SEGMENT_READER_DELETED);
	assert_false(segment_reader_exists(folder, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(only_blocks_whose_bits_are_set_are_there, remove_files),
		cmocka_unit_test_teardown(a_map_that_ends_early_has_nothing_more, remove_files),
		cmocka_unit_test_teardown(a_file_without_a_valid_map_is_not_opened, remove_files),
		cmocka_unit_test_teardown(what_was_replaced_is_renewed_if_it_is_the_same_segment, remove_files),
		cmocka_unit_test_teardown(a_segment_whose_files_are_not_there_is_out_of_reach_and_no_gap, remove_files),
	};

	return cmocka_run_group_tests_name("block_map", tests, make_folder, remove_folder);
}
