/*
 * test_snapshot_cache.c - the cache of pictures returns what was stored, and replaces the least recently used
 * entries.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/pool/snapshot_cache.h"
#include "shared/base/clock.h"

#define START_US (60 * US_PER_S) /* far more than a writer needs to start */

static struct snapshot_cache *cache;

static int create_cache(void **state)
{
	(void)state;
	cache = mmap(NULL, sizeof(*cache), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return cache == MAP_FAILED;
}

static int destroy_cache(void **state)
{
	(void)state;
	return munmap(cache, sizeof(*cache));
}

static void put(uint64_t camera, int64_t wall_us, uint32_t width)
{
	uint8_t jpeg[1000];

	memset(jpeg, (int)(wall_us & 0xff), sizeof(jpeg));
	snapshot_cache_put(cache, &(struct snapshot_key){camera, wall_us, width}, jpeg, sizeof(jpeg));
}

/* Finds the picture of exactly that time. */
static bool find(const struct snapshot_key *key, struct buffer *jpeg)
{
	int64_t wall_us = 0;
	bool there = snapshot_cache_find_nearest(cache, key, 0, jpeg, &wall_us);

	assert_int_equal(wall_us, there ? key->wall_us : 0);
	return there;
}

static bool is_there(uint64_t camera, int64_t wall_us, uint32_t width)
{
	struct buffer jpeg = {0};
	bool there = find(&(struct snapshot_key){camera, wall_us, width}, &jpeg);

	assert_int_equal(jpeg.length, there ? 1000 : 0);
	if (there)
		assert_int_equal(jpeg.data[999], wall_us & 0xff);
	buffer_free(&jpeg);
	return there;
}

static void a_picture_is_found_by_camera_time_and_width(void **state)
{
	(void)state;
	put(1, 1000, 320);
	put(1, 2000, 320);
	assert_true(is_there(1, 1000, 320));
	assert_true(is_there(1, 2000, 320));
	assert_false(is_there(2, 1000, 320));
	assert_false(is_there(1, 1000, 160));
	assert_false(is_there(1, 1001, 320));
}

static void the_nearest_picture_of_the_camera_and_width_is_found(void **state)
{
	struct buffer jpeg = {0};
	int64_t wall_us;

	(void)state;
	put(1, 1000, 320);
	put(1, 4000, 320);
	put(2, 2900, 320);
	put(1, 3100, 160);
	assert_true(snapshot_cache_find_nearest(cache, &(struct snapshot_key){1, 3000, 320}, 5000, &jpeg, &wall_us));
	assert_int_equal(wall_us, 4000);
	assert_int_equal(jpeg.data[0], 4000 & 0xff);
	assert_false(snapshot_cache_find_nearest(cache, &(struct snapshot_key){1, 3000, 320}, 999, &jpeg, &wall_us));
	assert_false(
		snapshot_cache_find_nearest(cache, &(struct snapshot_key){1, INT64_MIN, 320}, 5000, &jpeg, &wall_us));
	buffer_free(&jpeg);
}

static void the_least_recently_used_picture_is_replaced(void **state)
{
	(void)state;
	for (int64_t i = 1; i <= (int64_t)SNAPSHOT_CACHE_ENTRIES; i++)
		put(1, i, 0);
	assert_true(is_there(1, 1, 0));
	put(1, 1000, 0);
	assert_true(is_there(1, 1, 0));
	assert_false(is_there(1, 2, 0));
	assert_true(is_there(1, 3, 0));
	assert_true(is_there(1, 1000, 0));
}

static void entries_of_killed_writers_are_not_reused(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < SNAPSHOT_CACHE_ENTRIES; i++)
		atomic_store(&cache->entries[i].version, 1);
	put(1, 7, 0);
	put(1, 8, 0);
	assert_false(is_there(1, 7, 0));
	assert_true(is_there(1, 8, 0));
}

static void a_picture_that_is_too_large_is_not_stored(void **state)
{
	uint8_t *large = calloc(1, SNAPSHOT_JPEG_MAX + 1);
	struct snapshot_key key = {1, 5, 0};
	struct buffer jpeg = {0};

	(void)state;
	snapshot_cache_put(cache, &key, large, SNAPSHOT_JPEG_MAX + 1);
	assert_false(find(&key, &jpeg));
	snapshot_cache_put(cache, &key, large, SNAPSHOT_JPEG_MAX);
	assert_true(find(&key, &jpeg));
	assert_int_equal(jpeg.length, SNAPSHOT_JPEG_MAX);
	buffer_free(&jpeg);
	free(large);
}

/* Two processes write all the time while a third one reads. */
static void a_picture_is_never_a_mix_of_two(void **state)
{
	pid_t writers[2];
	int found = 0;

	(void)state;
	for (int w = 0; w < 2; w++) {
		writers[w] = fork();
		if (writers[w] == 0)
			prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int64_t i = w; writers[w] == 0; i += 2)
			put(1, i % 200, 0);
	}
	int64_t limit_us = mono_now().us + START_US;
	for (int64_t i = 0; i < 200000 || (found == 0 && mono_now().us < limit_us); i++) {
		struct buffer jpeg = {0};
		if (find(&(struct snapshot_key){1, i % 200, 0}, &jpeg)) {
			found++;
			for (size_t at = 0; at < jpeg.length; at++)
				assert_int_equal(jpeg.data[at], i % 200);
		}
		buffer_free(&jpeg);
	}
	for (int w = 0; w < 2; w++) {
		kill(writers[w], SIGKILL);
		waitpid(writers[w], NULL, 0);
	}
	assert_true(found > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, create_cache, destroy_cache)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_picture_is_found_by_camera_time_and_width),
		CASE(the_nearest_picture_of_the_camera_and_width_is_found),
		CASE(the_least_recently_used_picture_is_replaced),
		CASE(entries_of_killed_writers_are_not_reused),
		CASE(a_picture_that_is_too_large_is_not_stored),
		CASE(a_picture_is_never_a_mix_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
