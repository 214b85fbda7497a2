/* test_archive_store.c - retention and the store: what is in it goes, what is not waits, and space waits for nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/store/archive_id.h"
#include "shared/store/ship_list.h"
#include "tests/unit/support/archive_cases.h"

#define ARCHIVE "00112233445566778899aabbccddeeff"
#define URL     "https://s3.example.org/footage"

static void one_round(void)
{
	assert_true(archive_case_open().recovered);
	close_and_list();
}

static void put_hours_ago(uint64_t number, double hours)
{
	put_segment_at(number, wall_now().us - (int64_t)(hours * (double)HOUR_US));
}

static const char *store_folder(void)
{
	static char path[PATH_BYTES];

	return path_of("store", path);
}

/* What recorder-ship leaves once it has shipped the first `count` listed segments. */
static void note_shipped_to(const char *bucket, size_t count)
{
	struct ship_list_header header;
	uint8_t digest[BUCKET_DIGEST_BYTES];
	char path[PATH_BYTES * 2];

	mkdir(store_folder(), 0700);
	snprintf(path, sizeof(path), "%s/" SHIP_LIST_FILE, store_folder());
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	bucket_digest(bucket, digest);
	ship_list_header_make(&header, SHIP_LIST_MAGIC, ARCHIVE, archive_case.config.camera.name, digest);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	for (size_t i = 0; i < count; i++) {
		struct ship_list_entry entry = {.segment = archive_case.listed[i]};

		ship_list_entry_seal(&entry);
		assert_int_equal(write(fd, &entry, sizeof(entry)), sizeof(entry));
	}
	close(fd);
}

static int begin(void **state)
{
	if (archive_case_begin(state) != 0)
		return -1;
	strcpy(archive_case.config.camera.name, "door");
	strcpy(archive_case.config.store.url, URL);
	strcpy(archive_case.config.store.directory, store_folder());
	return 0;
}

static int end(void **state)
{
	struct buffer out = output_of("rm -rf '%s'", store_folder());

	buffer_free(&out);
	return archive_case_end(state);
}

static void note_shipped(size_t count)
{
	note_shipped_to(URL, count);
}

/* Three segments, and afterwards a round with retention. */
static void record(void)
{
	put_hours_ago(1, 80);
	put_hours_ago(2, 75);
	put_hours_ago(3, 1);
	one_round();
	assert_int_equal(archive_case.listed_count, 3);
	archive_case.config.retention.hours = 72;
}

/* What is counted once retention has deleted the first two segments of record(). */
static struct archive_counters deleted(void)
{
	assert_true(archive_case_open().recovered);
	struct archive_summary summary;
	do
		summary = summary_now();
	while (summary.counters.deleted_segments < 2);
	close_and_list();
	return summary.counters;
}

static uint64_t deleted_unshipped(void)
{
	return deleted().deleted_unshipped;
}

static void the_folder_gets_an_id_once_there_is_a_store(void **state)
{
	(void)state;
	archive_case.config.store.url[0] = '\0';
	one_round();
	assert_false(recording_exists(ARCHIVE_ID_FILE));
	strcpy(archive_case.config.store.url, URL);
	one_round();
	assert_true(recording_exists(ARCHIVE_ID_FILE));
}

static void by_age_what_is_in_the_store_goes_and_the_rest_waits(void **state)
{
	(void)state;
	record();
	archive_case.config.retention.wait_hours = 24;
	note_shipped(1);
	one_round();
	ASSERT_LISTED(2, 3);
	archive_case.config.retention.wait_hours = 2;
	one_round();
	ASSERT_LISTED(3);
}

static void without_wait_hours_the_law_comes_first_and_it_is_counted(void **state)
{
	(void)state;
	record();
	note_shipped(1);
	int64_t second_us = archive_case.listed[1].start_wall_us;
	struct archive_counters counters = deleted();
	assert_int_equal(counters.deleted_unshipped, 1);
	assert_int_equal(counters.first_unshipped_wall_us, second_us);
	ASSERT_LISTED(3);
}

static void without_a_store_nothing_waits_and_nothing_is_counted(void **state)
{
	(void)state;
	record();
	archive_case.config.store.url[0] = '\0';
	archive_case.config.retention.wait_hours = 24;
	assert_int_equal(deleted_unshipped(), 0);
	ASSERT_LISTED(3);
}

static void a_list_that_is_lost_or_damaged_means_that_nothing_is_in_the_store(void **state)
{
	(void)state;
	char path[PATH_BYTES * 2];

	record();
	archive_case.config.retention.wait_hours = 24;
	one_round();
	ASSERT_LISTED(1, 2, 3);
	note_shipped(2);
	snprintf(path, sizeof(path), "%s/" SHIP_LIST_FILE, store_folder());
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, SHIP_LIST_ENTRY_BYTES + 10), 1);
	close(fd);
	one_round();
	ASSERT_LISTED(1, 2, 3);
}

static void what_is_in_another_bucket_is_not_in_the_store(void **state)
{
	(void)state;
	record();
	archive_case.config.retention.wait_hours = 24;
	note_shipped_to("https://s3.example.org/former", 3);
	one_round();
	ASSERT_LISTED(1, 2, 3);
	note_shipped_to("https://s3.example.org:443/footage/", 3);
	one_round();
	ASSERT_LISTED(3);
}

static void space_waits_for_nothing(void **state)
{
	(void)state;
	record();
	archive_case.config.retention.wait_hours = 1000;
	archive_case.config.retention.max_gb = (double)(archive_case.listed[2].size_bytes + 1000) / 1e9;
	assert_int_equal(deleted_unshipped(), 2);
	ASSERT_LISTED(3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_folder_gets_an_id_once_there_is_a_store, begin, end),
		cmocka_unit_test_setup_teardown(by_age_what_is_in_the_store_goes_and_the_rest_waits, begin, end),
		cmocka_unit_test_setup_teardown(without_wait_hours_the_law_comes_first_and_it_is_counted, begin, end),
		cmocka_unit_test_setup_teardown(without_a_store_nothing_waits_and_nothing_is_counted, begin, end),
		cmocka_unit_test_setup_teardown(a_list_that_is_lost_or_damaged_means_that_nothing_is_in_the_store,
						begin, end),
		cmocka_unit_test_setup_teardown(what_is_in_another_bucket_is_not_in_the_store, begin, end),
		cmocka_unit_test_setup_teardown(space_waits_for_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, archive_case_streams, drop_streams);
}
