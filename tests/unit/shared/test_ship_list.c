/* test_ship_list.c - shipped.bin and status.bin as recorderd reads them: whole entries, the last one of each segment. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "shared/store/ship_list.h"
#include "shared/store/ship_status.h"
#include "tests/unit/support/media_cases.h"

#define ARCHIVE "00112233445566778899aabbccddeeff"
#define OTHER   "ffeeddccbbaa99887766554433221100"
#define ENTRIES 3

struct list_file {
	struct ship_list_header header;
	struct ship_list_entry entries[ENTRIES];
};

static int folder = -1;
static uint8_t bucket[BUCKET_DIGEST_BYTES];

static int open_folder(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	bucket_digest("https://s3.example.org/footage", bucket);
	folder = open(media_folder, O_RDONLY | O_DIRECTORY);
	return folder < 0 ? -1 : 0;
}

static int close_folder(void **state)
{
	close(folder);
	return remove_folder(state);
}

static struct ship_list_entry entry_of(uint64_t number, int64_t start_us)
{
	struct ship_list_entry entry = {.object_start_us = MEDIA_WALL_US, .media_bytes = 100, .index_bytes = 64};

	entry.segment = (struct catalogue_entry){.segment_no = number, .run_no = 1, .size_bytes = 100, .frames = 1};
	entry.segment.start_wall_us = start_us;
	entry.segment.end_wall_us = start_us + 1000;
	segment_file_name(start_us, 1, entry.segment.file);
	entry.segment.crc = crc32c(0, &entry.segment, offsetof(struct catalogue_entry, crc));
	ship_list_entry_seal(&entry);
	return entry;
}

static struct list_file list_of(uint64_t first, uint64_t second, uint64_t third)
{
	struct list_file file;
	const uint64_t numbers[ENTRIES] = {first, second, third};

	ship_list_header_make(&file.header, SHIP_LIST_MAGIC, ARCHIVE, "door", bucket);
	for (int i = 0; i < ENTRIES; i++)
		file.entries[i] = entry_of(numbers[i], MEDIA_WALL_US + i * 1000000);
	return file;
}

static enum ship_list_outcome read_bytes(const void *data, size_t bytes, struct ship_list *list)
{
	char path[PATH_BYTES];

	file_write(path_of(SHIP_LIST_FILE, path), data, bytes);
	return ship_list_read(folder, "door", bucket, list);
}

static void entries_are_found_whatever_their_order(void **state)
{
	(void)state;
	struct list_file file = list_of(7, 3, 5);
	struct ship_list list = {0};

	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_int_equal(list.count, ENTRIES);
	assert_int_equal(list.file_bytes, sizeof(file));
	assert_string_equal(list.archive, ARCHIVE);
	for (int i = 0; i < ENTRIES; i++)
		assert_non_null(ship_list_find(&list, &file.entries[i].segment));
	struct ship_list_entry absent = entry_of(4, MEDIA_WALL_US);
	assert_null(ship_list_find(&list, &absent.segment));
	absent = entry_of(5, MEDIA_WALL_US);
	absent.segment.size_bytes++;
	assert_null(ship_list_find(&list, &absent.segment));
	ship_list_free(&list);
}

static void the_last_entry_of_a_segment_counts(void **state)
{
	(void)state;
	struct list_file file = list_of(3, 9, 3);
	struct ship_list list = {0};

	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_int_equal(list.count, 2);
	const struct ship_list_entry *found = ship_list_find(&list, &file.entries[0].segment);
	assert_non_null(found);
	assert_int_equal(found->segment.start_wall_us, file.entries[2].segment.start_wall_us);
	ship_list_free(&list);
}

static void a_list_ends_before_its_first_invalid_entry(void **state)
{
	(void)state;
	struct list_file file = list_of(1, 2, 3);
	struct ship_list list = {0};

	file.entries[1].media_bytes++;
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.file_bytes, 2 * SHIP_LIST_ENTRY_BYTES);
	ship_list_free(&list);
	file = list_of(1, 2, 3);
	assert_int_equal(read_bytes(&file, sizeof(file) - 1, &list), SHIP_LIST_OK);
	assert_int_equal(list.count, 2);
	ship_list_free(&list);
}

static void reading_continues_where_it_ended_unless_the_archive_is_another_one(void **state)
{
	(void)state;
	struct list_file file = list_of(1, 2, 3);
	struct ship_list list = {0};

	assert_int_equal(read_bytes(&file, sizeof(file) - SHIP_LIST_ENTRY_BYTES, &list), SHIP_LIST_OK);
	assert_int_equal(list.count, 2);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_int_equal(list.count, 3);
	ship_list_header_make(&file.header, SHIP_LIST_MAGIC, OTHER, "door", bucket);
	assert_int_equal(read_bytes(&file, 2 * SHIP_LIST_ENTRY_BYTES, &list), SHIP_LIST_OK);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.archive, OTHER);
	ship_list_free(&list);
}

static void what_is_no_list_of_this_camera_says_that_nothing_was_shipped(void **state)
{
	(void)state;
	struct list_file file = list_of(1, 2, 3);
	struct ship_list list = {0};
	char path[PATH_BYTES];

	unlink(path_of(SHIP_LIST_FILE, path));
	assert_int_equal(ship_list_read(folder, "door", bucket, &list), SHIP_LIST_MISSING);
	assert_int_equal(read_bytes("", 0, &list), SHIP_LIST_INVALID);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_int_equal(ship_list_read(folder, "garden", bucket, &list), SHIP_LIST_INVALID);
	assert_int_equal(list.count, 0);
	file.header.archive[5] = '/';
	ship_list_header_seal(&file.header);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_INVALID);
	ship_list_header_make(&file.header, SHIP_LIST_DAY_MAGIC, ARCHIVE, "door", NULL);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_INVALID);
	ship_list_free(&list);
}

static void a_list_of_another_bucket_is_none_and_one_that_names_no_bucket_is_of_this_one(void **state)
{
	(void)state;
	struct list_file file = list_of(1, 2, 3);
	struct ship_list list = {0};

	bucket_digest("https://s3.example.org/other", file.header.bucket);
	ship_list_header_seal(&file.header);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OTHER);
	assert_int_equal(list.count, 0);
	ship_list_header_make(&file.header, SHIP_LIST_MAGIC_1, ARCHIVE, "door", NULL);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_int_equal(list.count, ENTRIES);
	assert_true(list.names_no_bucket);
	ship_list_free(&list);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	file = list_of(1, 2, 3);
	assert_int_equal(read_bytes(&file, sizeof(file), &list), SHIP_LIST_OK);
	assert_false(list.names_no_bucket);
	assert_int_equal(list.count, ENTRIES);
	ship_list_free(&list);
}

static void a_bucket_is_known_by_its_address(void **state)
{
	(void)state;
	uint8_t digest[BUCKET_DIGEST_BYTES], none[BUCKET_DIGEST_BYTES] = {0};
	static const char *const others[] = {"https://s3.example.org/footage2", "https://s3.example.org:444/footage",
					     "https://s4.example.org/footage"};

	bucket_digest("https://s3.example.org:443/footage/", digest);
	assert_memory_equal(digest, bucket, sizeof(digest));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		bucket_digest(others[i], digest);
		assert_memory_not_equal(digest, bucket, sizeof(digest));
	}
	bucket_digest("not an URL", digest);
	assert_memory_equal(digest, none, sizeof(digest));
}

static void a_status_is_read_as_it_was_written_and_its_text_is_safe(void **state)
{
	(void)state;
	struct ship_status status = {.objects = 7, .error = "one\ntwo"}, read;
	char path[PATH_BYTES];

	assert_true(ship_status_write(folder, &status));
	assert_true(ship_status_read(folder, &read));
	assert_int_equal(read.objects, 7);
	assert_string_equal(read.error, "one?two");
	memset(status.error, 'x', sizeof(status.error));
	assert_true(ship_status_write(folder, &status));
	assert_true(ship_status_read(folder, &read));
	assert_int_equal(strlen(read.error), sizeof(read.error) - 1);
	status.objects++;
	file_write(path_of(SHIP_STATUS_FILE, path), &status, sizeof(status));
	errno = 0;
	assert_false(ship_status_read(folder, &read));
	assert_int_equal(errno, EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found_whatever_their_order),
		cmocka_unit_test(the_last_entry_of_a_segment_counts),
		cmocka_unit_test(a_list_ends_before_its_first_invalid_entry),
		cmocka_unit_test(reading_continues_where_it_ended_unless_the_archive_is_another_one),
		cmocka_unit_test(what_is_no_list_of_this_camera_says_that_nothing_was_shipped),
		cmocka_unit_test(a_list_of_another_bucket_is_none_and_one_that_names_no_bucket_is_of_this_one),
		cmocka_unit_test(a_bucket_is_known_by_its_address),
		cmocka_unit_test(a_status_is_read_as_it_was_written_and_its_text_is_safe),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
