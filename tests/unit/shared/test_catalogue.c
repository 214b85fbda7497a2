/* test_catalogue.c - searching, reading and writing the list of segments. */
#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/segment/catalogue.h"
#include "tests/unit/support/media_cases.h"

#define MINUTE_US INT64_C(60000000)
#define MANY      300u

static struct reason why;
static int directory;

static int open_folder(void **state)
{
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	return make_folder(state) != 0 || (directory = open(media_folder, O_RDONLY | O_DIRECTORY)) < 0;
}

static int close_folder(void **state)
{
	close(directory);
	return remove_folder(state);
}

static int empty_folder(void **state)
{
	(void)state;
	unlinkat(directory, CATALOGUE_FILE, 0);
	unlinkat(directory, CATALOGUE_JSON, 0);
	return 0;
}

static struct catalogue_entry entry_of(uint64_t segment_no, int64_t start_wall_us, int64_t length_us)
{
	struct catalogue_entry entry = {
		.segment_no = segment_no,
		.run_no = 1,
		.start_wall_us = start_wall_us,
		.end_wall_us = start_wall_us + length_us,
		.size_bytes = 1000 * segment_no,
		.frames = 60,
		.codec = MP4_TYPE('a', 'v', 'c', '1'),
		.width = 1280,
		.height = 720,
		.state = CATALOGUE_COMPLETE,
	};

	segment_file_name(start_wall_us, (unsigned)segment_no + 1, entry.file);
	return entry;
}

static int64_t random_us(uint32_t *seed, int64_t limit_us)
{
	uint64_t high = next_random(seed);

	return (int64_t)((high << 31 ^ next_random(seed)) % (uint64_t)limit_us);
}

/* Segments of about a minute, sometimes with a gap or a clock step before them, forwards or back by up to hours. */
static void make_entries(struct catalogue_entry *entries, size_t count, uint32_t *seed)
{
	int64_t at = MEDIA_WALL_US;

	for (size_t i = 0; i < count; i++) {
		uint32_t chance = next_random(seed) % 20;
		if (chance == 0)
			at -= next_random(seed) % 180 * MINUTE_US;
		else if (chance < 3)
			at += next_random(seed) % 180 * MINUTE_US;
		int64_t length_us = 1 + random_us(seed, 2 * MINUTE_US);
		entries[i] = entry_of(i + 1, at, length_us);
		at += length_us;
	}
}

static struct catalogue write_and_open(struct catalogue_entry *entries, size_t count)
{
	struct catalogue list;

	assert_true(catalogue_write(directory, 7, entries, count, true, &why));
	assert_int_equal(catalogue_open(directory, &list), CATALOGUE_OK);
	assert_int_equal(list.entries, count);
	assert_int_equal(list.generation, 7);
	return list;
}

static bool overlaps(const struct catalogue_entry *entry, int64_t from, int64_t to)
{
	return entry->start_wall_us < to && (entry->state == CATALOGUE_RECORDING || entry->end_wall_us > from);
}

static void a_range_contains_every_segment_that_overlaps_it(void **state)
{
	(void)state;
	static struct catalogue_entry entries[MANY];
	uint32_t seed = 20260517;

	for (int round = 0; round < 30; round++) {
		size_t count = next_random(&seed) % MANY;
		make_entries(entries, count, &seed);
		if (count > 0 && round % 2)
			entries[count - 1].state = CATALOGUE_RECORDING;
		struct catalogue list = write_and_open(entries, count);
		for (int i = 0; i < 100; i++) {
			int64_t from = MEDIA_WALL_US - 500 * MINUTE_US + random_us(&seed, 2000 * MINUTE_US);
			int64_t to = from + 1 + random_us(&seed, i % 2 ? 200 * MINUTE_US : 1000);
			uint64_t first, end;
			assert_true(catalogue_range(&list, from, to, &first, &end));
			assert_true(first <= end && end <= count);
			for (size_t k = 0; k < count; k++)
				if (overlaps(&entries[k], from, to))
					assert_true(k >= first && k < end);
			/* And no more than necessary: both ends are in the range, or bounded by a clock step. */
			if (first < end) {
				assert_true(entries[first].end_wall_us > from ||
					    entries[first].state == CATALOGUE_RECORDING);
				assert_true(entries[end - 1].start_wall_us < to);
			}
		}
		catalogue_close(&list);
	}
}

static void a_border_belongs_to_the_segment_that_starts_there(void **state)
{
	(void)state;
	struct catalogue_entry entries[] = {entry_of(1, 1000000, 500), entry_of(2, 1000500, 500)};
	struct catalogue list = write_and_open(entries, 2);
	uint64_t first, end;

	assert_true(catalogue_range(&list, 1000000, 1000500, &first, &end));
	assert_true(first == 0 && end == 1);
	assert_true(catalogue_range(&list, 1000499, 1000501, &first, &end));
	assert_true(first == 0 && end == 2);
	assert_true(catalogue_range(&list, 1000500, 1000501, &first, &end));
	assert_true(first == 1 && end == 2);
	assert_true(catalogue_range(&list, 1001000, INT64_MAX, &first, &end));
	assert_true(first == end);
	assert_true(catalogue_range(&list, 0, 1000000, &first, &end));
	assert_true(first == end);
	assert_true(catalogue_range(&list, 1000600, 1000100, &first, &end));
	assert_true(first == end);
	catalogue_close(&list);
}

static void the_open_segment_has_no_end(void **state)
{
	(void)state;
	struct catalogue_entry entries[] = {entry_of(1, 1000000, 500), entry_of(2, 1000500, 500)};
	entries[1].state = CATALOGUE_RECORDING;
	struct catalogue list = write_and_open(entries, 2);
	uint64_t first, end;

	assert_true(catalogue_range(&list, 9000000, 9000001, &first, &end));
	assert_true(first == 1 && end == 2);
	catalogue_close(&list);
}

static void entries_are_found_by_file_and_read_in_order(void **state)
{
	(void)state;
	static struct catalogue_entry entries[MANY], got[MANY];
	uint32_t seed = 3;
	uint64_t number;

	make_entries(entries, MANY, &seed);
	struct catalogue list = write_and_open(entries, MANY);
	assert_int_equal(catalogue_read(&list, 0, MANY, got), MANY);
	assert_memory_equal(got, entries, sizeof(entries));
	assert_int_equal(catalogue_read(&list, MANY - 2, 10, got), 2);
	assert_int_equal(catalogue_read(&list, MANY, 10, got), 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(catalogue_find(&list, entries[i].file, &number));
		assert_int_equal(number, i);
	}
	assert_false(catalogue_find(&list, "recording_19990101_000000.mp4", &number));
	assert_false(catalogue_find(&list, "", &number));
	catalogue_close(&list);
	catalogue_close(&list);
	catalogue_close(&(struct catalogue){0});
	assert_true(fcntl(0, F_GETFD) >= 0);
}

static void a_missing_list_and_an_empty_one_differ(void **state)
{
	(void)state;
	struct catalogue list;
	uint64_t first, end;

	assert_int_equal(catalogue_open(directory, &list), CATALOGUE_MISSING);
	list = write_and_open(NULL, 0);
	assert_true(catalogue_range(&list, 0, INT64_MAX, &first, &end));
	assert_true(first == 0 && end == 0);
	catalogue_close(&list);
}

/* Opens a list of those bytes, and counts the valid entries if it opens. */
static enum catalogue_outcome open_bytes(const void *data, size_t length, size_t *good)
{
	struct catalogue_entry entries[4];
	struct catalogue list;
	char path[PATH_BYTES];

	file_write(path_of(CATALOGUE_FILE, path), data, length);
	enum catalogue_outcome outcome = catalogue_open(directory, &list);
	*good = outcome == CATALOGUE_OK ? catalogue_read(&list, 0, 4, entries) : 0;
	catalogue_close(&list);
	return outcome;
}

static void damage_is_detected_anywhere(void **state)
{
	(void)state;
	struct catalogue_entry entries[] = {entry_of(1, 1000000, 500), entry_of(2, 1000500, 500)};
	struct catalogue list = write_and_open(entries, 2);
	char path[PATH_BYTES];
	struct buffer bytes = file_read(path_of(CATALOGUE_FILE, path));
	size_t good;

	catalogue_close(&list);
	assert_int_equal(bytes.length, 3 * CATALOGUE_ENTRY_BYTES);
	for (size_t length = 0; length < bytes.length; length++)
		assert_int_equal(open_bytes(bytes.data, length, &good), CATALOGUE_INVALID);
	for (size_t at = 0; at < bytes.length; at++) {
		bytes.data[at] ^= 0x40;
		enum catalogue_outcome outcome = open_bytes(bytes.data, bytes.length, &good);
		bytes.data[at] ^= 0x40;
		assert_int_equal(outcome, at < CATALOGUE_ENTRY_BYTES ? CATALOGUE_INVALID : CATALOGUE_OK);
		if (outcome == CATALOGUE_OK)
			assert_int_equal(good, at / CATALOGUE_ENTRY_BYTES - 1);
	}
	buffer_free(&bytes);
}

static void a_damaged_entry_fails_the_search_that_meets_it(void **state)
{
	(void)state;
	struct catalogue_entry entries[] = {entry_of(1, 1000000, 500)};
	struct catalogue list = write_and_open(entries, 1);
	char path[PATH_BYTES];
	int fd = open(path_of(CATALOGUE_FILE, path), O_WRONLY);
	uint64_t first, end;

	assert_int_equal(pwrite(fd, "x", 1, CATALOGUE_ENTRY_BYTES + 2), 1);
	assert_false(catalogue_range(&list, 0, INT64_MAX, &first, &end));
	assert_false(catalogue_find(&list, entries[0].file, &first));
	close(fd);
	catalogue_close(&list);
}

static void an_entry_whose_file_is_no_segment_is_refused(void **state)
{
	(void)state;
	struct catalogue_entry got, entries[] = {entry_of(1, 1000000, 500)};

	strcpy(entries[0].file, "../../etc/passwd");
	struct catalogue list = write_and_open(entries, 1);
	assert_int_equal(catalogue_read(&list, 0, 1, &got), 0);
	catalogue_close(&list);
}

static void a_reader_keeps_the_list_that_it_opened(void **state)
{
	(void)state;
	struct catalogue_entry got, old[] = {entry_of(1, 1000000, 500)}, new[] = {entry_of(9, 5000000, 500)};
	struct catalogue list = write_and_open(old, 1), next = write_and_open(new, 1);

	assert_int_equal(catalogue_read(&list, 0, 1, &got), 1);
	assert_int_equal(got.segment_no, 1);
	assert_int_equal(catalogue_read(&next, 0, 1, &got), 1);
	assert_int_equal(got.segment_no, 9);
	catalogue_close(&list);
	catalogue_close(&next);
}

/* Counts the files in the folder, including temporary ones. */
static size_t count_files(void)
{
	size_t count = 0;
	DIR *listing = opendir(media_folder);

	for (struct dirent *file; (file = readdir(listing));)
		count += file->d_type == DT_REG;
	closedir(listing);
	return count;
}

static void writing_leaves_two_files_and_a_failure_keeps_the_old_ones(void **state)
{
	(void)state;
	struct catalogue_entry entries[] = {entry_of(1, 1000000, 500)};
	char path[PATH_BYTES];
	int nowhere = open("/proc/self", O_RDONLY | O_DIRECTORY);

	assert_true(catalogue_write(directory, 1, entries, 1, false, &why));
	assert_true(catalogue_write_json(directory, entries, 1, "front", &why));
	assert_int_equal(count_files(), 2);
	assert_false(catalogue_write(nowhere, 2, entries, 1, true, &why));
	assert_non_null(strstr(why.text, CATALOGUE_FILE));
	assert_false(catalogue_write_json(nowhere, entries, 1, "front", &why));
	assert_non_null(strstr(why.text, CATALOGUE_JSON));
	close(nowhere);

	/* The old file cannot be replaced. The temporary one is removed. */
	assert_int_equal(unlinkat(directory, CATALOGUE_FILE, 0), 0);
	assert_int_equal(mkdir(path_of(CATALOGUE_FILE, path), 0700), 0);
	assert_false(catalogue_write(directory, 2, entries, 1, true, &why));
	assert_int_equal(count_files(), 1);
	assert_int_equal(rmdir(path), 0);
}

static const char *text_in(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

static void the_json_has_local_times_and_plain_numbers(void **state)
{
	(void)state;
	struct catalogue_entry entries[] = {entry_of(1, INT64_C(1779006180123456), 10 * MINUTE_US),
					    entry_of(2, INT64_C(1779006780123456), 18345678)};
	char path[PATH_BYTES];

	entries[1].state = CATALOGUE_RECORDING;
	entries[1].codec = MP4_TYPE('m', 'p', '4', 'v');
	assert_true(catalogue_write_json(directory, entries, 2, "work\"front", &why));
	struct json_object *list = json_object_from_file(path_of(CATALOGUE_JSON, path));
	assert_int_equal(json_object_array_length(list), 2);
	struct json_object *first = json_object_array_get_idx(list, 0), *second = json_object_array_get_idx(list, 1);
	assert_string_equal(text_in(first, "file"), entries[0].file);
	assert_string_equal(text_in(first, "start_time"), "20260517_102300");
	assert_string_equal(text_in(first, "end_time"), "20260517_103300");
	assert_string_equal(text_in(first, "start"), "2026-05-17T10:23:00.123+02:00");
	assert_string_equal(text_in(first, "end"), "2026-05-17T10:33:00.123+02:00");
	assert_string_equal(text_in(first, "size"), "1000");
	assert_string_equal(text_in(first, "duration"), "600.0");
	assert_string_equal(text_in(first, "frames"), "60");
	assert_string_equal(text_in(first, "codec"), "h264");
	assert_string_equal(text_in(first, "state"), "complete");
	assert_string_equal(text_in(first, "camera"), "work\"front");
	assert_true(json_object_is_type(json_object_object_get(first, "duration"), json_type_double));
	assert_true(json_object_is_type(json_object_object_get(first, "size"), json_type_int));
	assert_string_equal(text_in(second, "duration"), "18.346");
	assert_string_equal(text_in(second, "codec"), "mjpeg");
	assert_string_equal(text_in(second, "state"), "recording");
	json_object_put(list);
}

static void a_long_list_is_valid_json(void **state)
{
	(void)state;
	const size_t count = 3000;
	struct catalogue_entry *entries = calloc(count, sizeof(*entries));
	char path[PATH_BYTES];
	uint32_t seed = 5;

	make_entries(entries, count, &seed);
	assert_true(catalogue_write_json(directory, entries, count, "front", &why));
	struct json_object *list = json_object_from_file(path_of(CATALOGUE_JSON, path));
	assert_int_equal(json_object_array_length(list), count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(text_in(json_object_array_get_idx(list, i), "file"), entries[i].file);
	json_object_put(list);
	assert_true(catalogue_write_json(directory, entries, 0, "front", &why));
	list = json_object_from_file(path);
	assert_int_equal(json_object_array_length(list), 0);
	json_object_put(list);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_range_contains_every_segment_that_overlaps_it, empty_folder),
		cmocka_unit_test_setup(a_border_belongs_to_the_segment_that_starts_there, empty_folder),
		cmocka_unit_test_setup(the_open_segment_has_no_end, empty_folder),
		cmocka_unit_test_setup(entries_are_found_by_file_and_read_in_order, empty_folder),
		cmocka_unit_test_setup(a_missing_list_and_an_empty_one_differ, empty_folder),
		cmocka_unit_test_setup(damage_is_detected_anywhere, empty_folder),
		cmocka_unit_test_setup(a_damaged_entry_fails_the_search_that_meets_it, empty_folder),
		cmocka_unit_test_setup(an_entry_whose_file_is_no_segment_is_refused, empty_folder),
		cmocka_unit_test_setup(a_reader_keeps_the_list_that_it_opened, empty_folder),
		cmocka_unit_test_setup(writing_leaves_two_files_and_a_failure_keeps_the_old_ones, empty_folder),
		cmocka_unit_test_setup(the_json_has_local_times_and_plain_numbers, empty_folder),
		cmocka_unit_test_setup(a_long_list_is_valid_json, empty_folder),
	};

	return cmocka_run_group_tests(tests, open_folder, close_folder);
}
