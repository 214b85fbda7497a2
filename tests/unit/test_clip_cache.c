/* test_clip_cache.c - clips that are stored come back as they were, damaged ones never, and the oldest go first; kept
 * clips. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip_cache.h"
#include "fcgi/clip_keep.h"

#define CLIP_BYTES 5000u

static char path[64];
static int clips = -1;

static int make_folder(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/recorder-cache-XXXXXX");
	if (!mkdtemp(path))
		return -1;
	clips = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return clips < 0;
}

static int drop_folder(void **state)
{
	char command[96];

	(void)state;
	close(clips);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	return system(command);
}

/* A clip of so many bytes, each of that value. */
static struct clip clip_of(uint8_t value, size_t bytes)
{
	struct clip clip = {.file = vfile_create(),
			    .etag = "\"abc-1\"",
			    .source = "disk, memory",
			    .start_us = 1,
			    .first_us = 2,
			    .end_us = 3,
			    .duration_us = 4,
			    .span_count = 5};
	struct buffer head = {0};

	for (size_t i = 0; i < bytes; i++)
		buffer_u8(&head, value);
	assert_true(vfile_head(clip.file, &head));
	buffer_printf(&clip.spans, "from/to, from/to");
	return clip;
}

static int store_of(struct cache_key key, const struct clip *clip, uint64_t max_bytes, int64_t oldest_us)
{
	struct cache_store store = {clips, key, clip, max_bytes, oldest_us};

	return cache_store_run(&store);
}

static void a_stored_clip_comes_back_as_it_was(void **state)
{
	const struct cache_key key = {1000000, 2000000, 1};
	struct clip clip = clip_of('x', CLIP_BYTES), found;
	uint8_t bytes[CLIP_BYTES];

	(void)state;
	assert_false(cache_find(clips, &key, &found));
	assert_int_equal(store_of(key, &clip, 1 << 20, 0), 0);
	assert_true(cache_find(clips, &key, &found));
	assert_int_equal(vfile_size(found.file), CLIP_BYTES);
	assert_int_equal(vfile_read(found.file, 0, bytes, sizeof(bytes)), CLIP_BYTES);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 'x');
	assert_string_equal(found.etag, clip.etag);
	assert_string_equal(found.source, clip.source);
	assert_int_equal(found.start_us, 1);
	assert_int_equal(found.first_us, 2);
	assert_int_equal(found.end_us, 3);
	assert_int_equal(found.duration_us, 4);
	assert_int_equal(found.span_count, 5);
	assert_int_equal(found.spans.length, clip.spans.length);
	assert_memory_equal(found.spans.data, clip.spans.data, clip.spans.length);
	clip_finish(&found);
	clip_finish(&clip);
	assert_false(cache_find(clips, &(struct cache_key){1000000, 2000000, 2}, &found));
	assert_false(cache_find(clips, &(struct cache_key){1000000, 2000001, 1}, &found));
}

/* Cut anywhere or with a byte changed in its trailer, a file is found as it was, or not at all. */
static void a_damaged_file_is_not_found(void **state)
{
	const struct cache_key key = {5000000, 6000000, 1};
	struct clip clip = clip_of('y', 100), found;
	uint8_t bytes[512];

	(void)state;
	assert_int_equal(store_of(key, &clip, 1 << 20, 0), 0);
	int fd = openat(clips, "cache/5000000_6000000_1.mp4", O_RDWR | O_CLOEXEC);
	ssize_t size = pread(fd, bytes, sizeof(bytes), 0);
	assert_in_range(size, 120, sizeof(bytes) - 1);
	for (ssize_t cut = 0; cut < size; cut++) {
		assert_int_equal(ftruncate(fd, cut), 0);
		assert_false(cache_find(clips, &key, &found));
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
	}
	for (ssize_t at = 100; at < size; at++) {
		uint8_t wrong[] = {0, 0xff, '\n', '\r', (uint8_t)(bytes[at] ^ 0x40)};
		for (size_t i = 0; i < sizeof(wrong); i++) {
			assert_int_equal(pwrite(fd, &wrong[i], 1, at), 1);
			if (!cache_find(clips, &key, &found))
				continue;
			assert_null(memchr(found.spans.data, '\r', found.spans.length));
			assert_null(memchr(found.spans.data, '\n', found.spans.length));
			assert_true(vfile_size(found.file) <= (uint64_t)size);
			clip_finish(&found);
		}
		assert_int_equal(pwrite(fd, &bytes[at], 1, at), 1);
	}
	close(fd);
	clip_finish(&clip);
}

static void the_oldest_go_first_and_what_retention_took_too(void **state)
{
	struct clip clip = clip_of('z', CLIP_BYTES), found;

	(void)state;
	for (int64_t i = 10; i < 20; i++) {
		struct timespec later = {0};
		assert_int_equal(store_of((struct cache_key){i, i + 1, 1}, &clip, 3 * (CLIP_BYTES + 200), 0), 0);
		char name[64];
		snprintf(name, sizeof(name), "cache/%d_%d_1.mp4", (int)i, (int)i + 1);
		later.tv_sec = 1000000 + i;
		assert_int_equal(utimensat(clips, name, (struct timespec[]){later, later}, 0), 0);
	}
	for (int64_t i = 10; i < 20; i++) {
		bool there = cache_find(clips, &(struct cache_key){i, i + 1, 1}, &found);
		assert_int_equal(there, i >= 17);
		clip_finish(&found);
	}
	assert_int_equal(store_of((struct cache_key){30, 31, 1}, &clip, 1 << 20, 19), 0);
	assert_false(cache_find(clips, &(struct cache_key){18, 19, 1}, &found));
	assert_true(cache_find(clips, &(struct cache_key){19, 20, 1}, &found));
	clip_finish(&found);
	assert_int_not_equal(store_of((struct cache_key){40, 41, 1}, &clip, CLIP_BYTES - 1, 0), 0);
	clip_finish(&clip);
}

static void a_clip_is_kept_once_under_a_name(void **state)
{
	struct clip clip = clip_of('k', CLIP_BYTES), other = clip_of('o', 10);
	struct keep keep = {clips, clip.file, "door.mp4"};
	struct stat status;

	(void)state;
	assert_int_equal(keep_run(&keep), KEEP_DONE);
	assert_int_equal(fstatat(clips, "door.mp4", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_size, CLIP_BYTES);
	keep.file = other.file;
	assert_int_equal(keep_run(&keep), KEEP_EXISTS);
	assert_int_equal(fstatat(clips, "door.mp4", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_size, CLIP_BYTES);
	assert_int_equal(faccessat(clips, ".door.mp4.part", F_OK, 0), -1);
	clip_finish(&clip);
	clip_finish(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_go_first_and_what_retention_took_too),
		cmocka_unit_test(a_stored_clip_comes_back_as_it_was),
		cmocka_unit_test(a_damaged_file_is_not_found),
		cmocka_unit_test(a_clip_is_kept_once_under_a_name),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
