/* test_clip_cache.c - stored clips come back unchanged, damaged ones never; the oldest are evicted first. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip/clip_cache.h"
#include "fcgi/clip/kept_clips.h"
#include "tests/unit/support/clips_folder.h"
#include "tests/unit/support/in_range.h"

#define CLIP_BYTES 5000u

/* A clip of that many bytes, all with that value. */
static struct clip clip_of(uint8_t value, size_t bytes)
{
	struct clip clip = {.file = virtual_file_create(),
			    .etag = "\"abc-1\"",
			    .source = "disk, memory",
			    .start_us = 1,
			    .first_us = 2,
			    .end_us = 3,
			    .duration_us = 4,
			    .frames = 6,
			    .span_count = 5};
	struct buffer head = {0};

	for (size_t i = 0; i < bytes; i++)
		buffer_u8(&head, value);
	assert_true(virtual_file_set_head(clip.file, &head));
	buffer_printf(&clip.spans, "from/to, from/to");
	return clip;
}

static int store(struct clip_cache_key key, const struct clip *clip, uint64_t max_bytes, uint64_t reserve_bytes)
{
	return clip_cache_store_run(
		&(struct clip_cache_store){clips_folder.fd, key, clip, max_bytes, reserve_bytes, 200});
}

static void set_stored_at(const struct clip_cache_key *key, time_t seconds)
{
	char name[CLIP_CACHE_NAME_BYTES], file[CLIP_CACHE_NAME_BYTES + 16];
	struct timespec times[] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	clip_cache_file_name(key, name);
	snprintf(file, sizeof(file), CLIP_CACHE_FOLDER "/%s", name);
	assert_int_equal(utimensat(clips_folder.fd, file, times, 0), 0);
}

static bool is_cached(const struct clip_cache_key *key)
{
	struct clip found;
	bool there = clip_cache_find(clips_folder.fd, key, &found);

	clip_free(&found);
	return there;
}

static void a_stored_clip_comes_back_as_it_was(void **state)
{
	const struct clip_cache_key key = {1000000, 2000000, 1};
	struct clip clip = clip_of('x', CLIP_BYTES), found;
	uint8_t bytes[CLIP_BYTES];

	(void)state;
	assert_false(clip_cache_find(clips_folder.fd, &key, &found));
	assert_int_equal(store(key, &clip, 1 << 20, 0), 0);
	assert_true(clip_cache_find(clips_folder.fd, &key, &found));
	assert_int_equal(virtual_file_size(found.file), CLIP_BYTES);
	assert_int_equal(virtual_file_read(found.file, 0, bytes, sizeof(bytes)), CLIP_BYTES);
	for (size_t i = 0; i < sizeof(bytes); i++)
		assert_int_equal(bytes[i], 'x');
	assert_string_equal(found.etag, clip.etag);
	assert_string_equal(found.source, clip.source);
	assert_int_equal(found.start_us, 1);
	assert_int_equal(found.first_us, 2);
	assert_int_equal(found.end_us, 3);
	assert_int_equal(found.duration_us, 4);
	assert_int_equal(found.frames, 6);
	assert_int_equal(found.span_count, 5);
	assert_int_equal(found.spans.length, clip.spans.length);
	assert_memory_equal(found.spans.data, clip.spans.data, clip.spans.length);
	clip_free(&found);
	clip_free(&clip);
	assert_false(clip_cache_find(clips_folder.fd, &(struct clip_cache_key){1000000, 2000000, 2}, &found));
	assert_false(clip_cache_find(clips_folder.fd, &(struct clip_cache_key){1000000, 2000001, 1}, &found));
}

/* A file that is truncated anywhere, or has a wrong byte in its trailer, is not found, or found with valid contents. */
static void a_damaged_file_is_not_found(void **state)
{
	const struct clip_cache_key key = {5000000, 6000000, 1};
	struct clip clip = clip_of('y', 100), found;
	uint8_t bytes[512];

	(void)state;
	assert_int_equal(store(key, &clip, 1 << 20, 0), 0);
	int fd = openat(clips_folder.fd, "cache/5000000_6000000_1.mp4", O_RDWR | O_CLOEXEC);
	ssize_t size = pread(fd, bytes, sizeof(bytes), 0);
	assert_int_in_range(size, 120, sizeof(bytes) - 1);
	for (ssize_t cut = 0; cut < size; cut++) {
		assert_int_equal(ftruncate(fd, cut), 0);
		assert_false(clip_cache_find(clips_folder.fd, &key, &found));
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
	}
	for (ssize_t at = 100; at < size; at++) {
		uint8_t wrong[] = {0, 0xff, '\n', '\r', (uint8_t)(bytes[at] ^ 0x40)};
		for (size_t i = 0; i < sizeof(wrong); i++) {
			assert_int_equal(pwrite(fd, &wrong[i], 1, at), 1);
			if (!clip_cache_find(clips_folder.fd, &key, &found))
				continue;
			assert_null(memchr(found.spans.data, '\r', found.spans.length));
			assert_null(memchr(found.spans.data, '\n', found.spans.length));
			assert_true(virtual_file_size(found.file) <= (uint64_t)size);
			clip_free(&found);
		}
		assert_int_equal(pwrite(fd, &bytes[at], 1, at), 1);
	}
	close(fd);
	clip_free(&clip);
}

static void the_oldest_are_evicted_first(void **state)
{
	struct clip clip = clip_of('z', CLIP_BYTES);

	(void)state;
	for (int64_t i = 10; i < 20; i++) {
		struct clip_cache_key key = {i, i + 1, 1};
		assert_int_equal(store(key, &clip, 3 * (CLIP_BYTES + 200) + 4096, 0), 0);
		set_stored_at(&key, 1000000 + i);
	}
	for (int64_t i = 10; i < 20; i++)
		assert_int_equal(is_cached(&(struct clip_cache_key){i, i + 1, 1}), i >= 17);
	assert_int_not_equal(store((struct clip_cache_key){40, 41, 1}, &clip, CLIP_BYTES - 1, 0), 0);
	assert_true(is_cached(&(struct clip_cache_key){19, 20, 1}));
	clip_free(&clip);
}

/* Recordings have priority: if less than the reserve is free, cached clips are evicted and none are stored. */
static void nothing_is_cached_on_a_disk_that_is_nearly_full(void **state)
{
	struct clip clip = clip_of('z', CLIP_BYTES);
	const struct clip_cache_key old = {50, 51, 1}, new = {52, 53, 1};

	(void)state;
	assert_int_equal(store(old, &clip, 1 << 20, 0), 0);
	assert_int_not_equal(store(new, &clip, 1 << 20, UINT64_MAX / 2), 0);
	assert_false(is_cached(&old));
	assert_false(is_cached(&new));
	assert_int_equal(faccessat(clips_folder.fd, CLIP_CACHE_FOLDER "/" CLIP_CACHE_PART, F_OK, 0), -1);
	clip_free(&clip);
}

static int part_of(const char *folder_name)
{
	int folder = openat(clips_folder.fd, folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = kept_clip_part_open(folder, CLIP_CACHE_PART);

	close(folder);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "half a clip", 11), 11);
	return fd;
}

static void one_clip_is_stored_at_a_time(void **state)
{
	struct clip clip = clip_of('z', CLIP_BYTES);
	const struct clip_cache_key key = {60, 61, 1};
	char half[11];

	(void)state;
	assert_int_equal(store((struct clip_cache_key){1, 2, 1}, &clip, 1 << 20, 0), 0);
	int other = part_of(CLIP_CACHE_FOLDER);
	assert_int_not_equal(store(key, &clip, 1 << 20, 0), 0);
	assert_false(is_cached(&key));
	assert_int_equal(pread(other, half, sizeof(half), 0), sizeof(half));
	assert_int_equal(faccessat(clips_folder.fd, CLIP_CACHE_FOLDER "/" CLIP_CACHE_PART, F_OK, 0), 0);
	close(other);
	/* The one that waits gets its turn, and what the other one has left is not in the way. */
	assert_int_equal(store(key, &clip, 1 << 20, 0), 0);
	assert_true(is_cached(&key));
	assert_int_equal(faccessat(clips_folder.fd, CLIP_CACHE_FOLDER "/" CLIP_CACHE_PART, F_OK, 0), -1);
	clip_free(&clip);
}

#ifdef SYS_fcntl64
#define FCNTL_CALL SYS_fcntl64
#else
#define FCNTL_CALL SYS_fcntl
#endif

/*
 * The code under test calls this instead of the C library's, so that another writer can finish, and a third begin,
 * before it gets the lock.
 */
static bool others_come_first;

int fcntl64(int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	if (command == F_OFD_SETLK && others_come_first) {
		others_come_first = false;
		assert_int_equal(renameat(clips_folder.fd, CLIP_CACHE_FOLDER "/" CLIP_CACHE_PART, clips_folder.fd,
					  CLIP_CACHE_FOLDER "/1_2_1.mp4"),
				 0);
		close(openat(clips_folder.fd, CLIP_CACHE_FOLDER "/" CLIP_CACHE_PART, O_WRONLY | O_CREAT | O_CLOEXEC,
			     0640));
	}
	return (int)syscall(FCNTL_CALL, fd, command, argument);
}

static void a_file_that_another_writer_has_begun_is_not_evicted(void **state)
{
	(void)state;
	mkdirat(clips_folder.fd, CLIP_CACHE_FOLDER, 0750);
	close(part_of(CLIP_CACHE_FOLDER));
	int folder = clip_cache_folder_open(clips_folder.fd);
	others_come_first = true;
	assert_int_equal(clip_cache_evict(folder, UINT64_MAX, 0).bytes, 0);
	assert_false(others_come_first);
	assert_int_equal(faccessat(folder, CLIP_CACHE_PART, F_OK, 0), 0);
	assert_int_equal(unlinkat(folder, CLIP_CACHE_PART, 0), 0);
	close(folder);
}

static void only_clips_and_leftovers_are_evicted(void **state)
{
	struct clip clip = clip_of('z', CLIP_BYTES);
	static const char *const others[] = {"1_2_1.mp4.txt", "01_2_1.mp4", "door.mp4", ".1_2_1.mp4"};
	char file[64];

	(void)state;
	assert_int_equal(store((struct clip_cache_key){1, 2, 1}, &clip, 1 << 20, 0), 0);
	close(part_of(CLIP_CACHE_FOLDER));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(file, sizeof(file), CLIP_CACHE_FOLDER "/%s", others[i]);
		close(openat(clips_folder.fd, file, O_WRONLY | O_CREAT | O_CLOEXEC, 0640));
	}
	int folder = clip_cache_folder_open(clips_folder.fd);
	uint64_t gone_bytes = clip_cache_evict(folder, 0, 0).bytes;
	assert_true(gone_bytes > CLIP_BYTES + 11);
	assert_int_equal(clip_cache_evict(folder, 0, UINT64_MAX).bytes, 0);
	close(folder);
	assert_false(is_cached(&(struct clip_cache_key){1, 2, 1}));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(file, sizeof(file), CLIP_CACHE_FOLDER "/%s", others[i]);
		assert_int_equal(unlinkat(clips_folder.fd, file, 0), 0);
	}
	clip_free(&clip);
}

/* A folder in place of a clip cannot be unlinked: the next ones are evicted, and none is stored beyond the limit. */
static void what_cannot_be_evicted_counts(void **state)
{
	struct clip clip = clip_of('z', CLIP_BYTES);
	const struct clip_cache_key key = {3, 4, 1};

	(void)state;
	assert_int_equal(store((struct clip_cache_key){1, 2, 1}, &clip, 1 << 20, 0), 0);
	assert_int_equal(store(key, &clip, 1 << 20, 0), 0);
	assert_int_equal(unlinkat(clips_folder.fd, CLIP_CACHE_FOLDER "/1_2_1.mp4", 0), 0);
	assert_int_equal(mkdirat(clips_folder.fd, CLIP_CACHE_FOLDER "/1_2_1.mp4", 0750), 0);
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	assert_int_equal(utimensat(clips_folder.fd, CLIP_CACHE_FOLDER "/1_2_1.mp4", old, 0), 0);
	int folder = clip_cache_folder_open(clips_folder.fd);
	struct clip_cache_removal gone = clip_cache_evict(folder, UINT64_MAX, 1);
	assert_int_equal(gone.error, EISDIR);
	assert_int_equal(gone.clips, 1);
	assert_true(gone.bytes >= CLIP_BYTES && gone.left_bytes > 0);
	assert_false(is_cached(&key));
	/* Nothing else is left now. */
	gone = clip_cache_evict(folder, 0, 0);
	assert_true(gone.error == EISDIR && gone.clips == 0 && gone.bytes == 0);
	assert_int_not_equal(store(key, &clip, CLIP_BYTES + 4096 + gone.left_bytes - 1, 0), 0);
	assert_int_equal(store(key, &clip, CLIP_BYTES + 4096 + gone.left_bytes, 0), 0);
	assert_int_equal(unlinkat(clips_folder.fd, CLIP_CACHE_FOLDER "/1_2_1.mp4", AT_REMOVEDIR), 0);
	assert_int_equal(clip_cache_evict(folder, 0, 0).error, 0);
	close(folder);
	clip_free(&clip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_are_evicted_first),
		cmocka_unit_test(nothing_is_cached_on_a_disk_that_is_nearly_full),
		cmocka_unit_test(one_clip_is_stored_at_a_time),
		cmocka_unit_test(a_file_that_another_writer_has_begun_is_not_evicted),
		cmocka_unit_test(only_clips_and_leftovers_are_evicted),
		cmocka_unit_test(what_cannot_be_evicted_counts),
		cmocka_unit_test(a_stored_clip_comes_back_as_it_was),
		cmocka_unit_test(a_damaged_file_is_not_found),
	};

	return cmocka_run_group_tests(tests, make_clips_folder, drop_clips_folder);
}
