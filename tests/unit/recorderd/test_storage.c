/* test_storage.c - storage on a disk that refuses, tears or hangs, or whose files are deleted while it records. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/support/in_range.h"
#include "tests/unit/support/pushed_media.h"

/* A fake disk: pwrite() of the whole program. */
static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t disk_changed = PTHREAD_COND_INITIALIZER;
static bool disk_refuses, disk_hangs;
static int64_t disk_room = INT64_MAX; /* bytes that can still be written */

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
	ssize_t result = -1;

	pthread_mutex_lock(&disk_lock);
	while (disk_hangs)
		pthread_cond_wait(&disk_changed, &disk_lock);
	if ((int64_t)bytes > disk_room)
		bytes = (size_t)disk_room;
	errno = ENOSPC;
	/* Unlike pwrite64's, its arguments are the same on every architecture. */
	const struct iovec piece = {(void *)(uintptr_t)data, bytes};
	if (!disk_refuses && bytes)
		result = syscall(SYS_pwritev, fd, &piece, 1, (long)at, (long)(at >> 32));
	if (result > 0 && disk_room != INT64_MAX)
		disk_room -= result;
	pthread_mutex_unlock(&disk_lock);
	return result;
}

static _Atomic unsigned syncs_refused; /* how many of the next syncs of a segment fail */

static bool is_media(int fd)
{
	char link[64], path[PATH_MAX] = "";

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return readlink(link, path, sizeof(path) - 1) > 0 && strstr(path, ".mp4");
}

int fdatasync(int fd)
{
	unsigned left = atomic_load(&syncs_refused);

	if (left == 0 || !is_media(fd))
		return (int)syscall(SYS_fdatasync, fd);
	atomic_store(&syncs_refused, left - 1);
	return errno = EIO, -1;
}

static void set_disk(bool refuses, bool hangs, int64_t room)
{
	pthread_mutex_lock(&disk_lock);
	disk_refuses = refuses;
	disk_hangs = hangs;
	disk_room = room;
	pthread_cond_broadcast(&disk_changed);
	pthread_mutex_unlock(&disk_lock);
}

static int start_case(void **state)
{
	set_disk(false, false, INT64_MAX);
	return rig_set_up(state);
}

static const char *trouble(void)
{
	static char text[256];

	storage_error(rig.storage, text, sizeof(text));
	return text;
}

static size_t next_key(size_t from)
{
	while (!media_key(from))
		from++;
	return from;
}

/* Fails unless the records are those of the frames first .. end - 1. */
static void assert_frames(size_t at, size_t first, size_t end)
{
	assert_true(rig.found >= at + end - first);
	for (size_t i = first; i < end; i++)
		assert_int_equal(rig.records[at + i - first].wall_us, MEDIA_WALL_US + media_time_us(i));
}

static void a_full_disk_drops_frames_and_recording_resumes_at_the_next_key_frame(void **state)
{
	size_t back = next_key(20);

	(void)state;
	rig_start_storage();
	push_run(GAP_UNPLUGGED);
	push_frames(0, 10);
	wait_for(10);
	assert_string_equal(trouble(), "");
	set_disk(true, false, INT64_MAX);
	push_frames(10, 20);
	wait_for(20);
	assert_non_null(strstr(trouble(), "No space left on device"));
	assert_int_equal(storage_dropped(rig.storage), 10);
	set_disk(false, false, INT64_MAX);
	push_frames(20, MEDIA_FRAMES);
	wait_for(MEDIA_FRAMES);
	assert_string_equal(trouble(), "");
	assert_int_equal(storage_dropped(rig.storage), back - 10);
	assert_int_equal(storage_indexed_wall_us(rig.storage),
			 MEDIA_WALL_US + media_time_us(MEDIA_FRAMES - 1) + 1); /* FFmpeg gives the last frame 1 us */
	rig_stop();
	rig_read_folder();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_DISK);
	assert_int_equal(rig.segments[1].last_wall_us, rig.segments[0].end_wall_us);
	assert_frames(0, 0, 10);
	assert_frames(10, back, MEDIA_FRAMES);
	assert_int_equal(rig_probe(0), 10);
	assert_int_equal(rig_probe(1), MEDIA_FRAMES - back);
}

/* The disk fills up before the first frame. No file is left, and the gap begins where the footage before it ends. */
static void a_segment_without_a_frame_is_no_footage(void **state)
{
	size_t again = next_key(20), back = next_key(again + 1);

	(void)state;
	for (int64_t bytes = 200; bytes < 2600; bytes += 400) {
		rig_start_storage();
		push_run(GAP_NONE);
		push_frames(0, 10);
		wait_for(10);
		set_disk(true, false, INT64_MAX);
		push_frames(10, again);
		wait_for(again);
		set_disk(false, false, bytes);
		push_frames(again, again + 1);
		wait_for(again + 1);
		set_disk(false, false, INT64_MAX);
		push_frames(back, MEDIA_FRAMES);
		rig_stop();
		rig_read_folder();
		assert_int_equal(rig.segment_count, 2);
		assert_int_equal(rig.segments[1].gap_cause, GAP_DISK);
		assert_int_equal(rig.segments[1].last_wall_us, rig.segments[0].end_wall_us);
		assert_frames(10, back, MEDIA_FRAMES);
		rig_tear_down(state);
		assert_int_equal(rig_set_up(state), 0);
	}
	rig_start_storage();
	rig_stop();
}

/* So many bytes can be written, then no more, then there is room again. */
static void fill_after(int64_t bytes)
{
	rig_start_storage();
	push_run(GAP_NONE);
	set_disk(false, false, bytes);
	push_frames(0, 6);
	wait_for(6);
	set_disk(false, false, INT64_MAX);
	push_frames(6, MEDIA_FRAMES);
	rig_stop();
	rig_read_folder();
	for (size_t i = 1; i < rig.found; i++)
		assert_true(rig.records[i].wall_us > rig.records[i - 1].wall_us);
	assert_frames(rig.found - 5, MEDIA_FRAMES - 5, MEDIA_FRAMES);
	for (size_t i = 0; i < rig.segment_count; i++) {
		assert_int_equal(rig.segments[i].state, CATALOGUE_COMPLETE);
		assert_true(rig.segments[i].frames > 0);
	}
}

/* At every byte of the beginning of the file, its first fragments and the index. */
static void a_write_torn_at_any_byte_leaves_whole_frames_only(void **state)
{
	(void)state;
	for (int64_t bytes = 1; bytes < 4500; bytes += 211) {
		fill_after(bytes);
		rig_tear_down(state);
		assert_int_equal(rig_set_up(state), 0);
	}
	rig_start_storage();
	rig_stop();
}

static void frames_that_a_torn_write_did_not_reach_are_all_there(void **state)
{
	(void)state;
	fill_after(4500);
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_DISK);
	assert_int_equal(rig_probe(0), rig.segments[0].frames);
}

static void a_full_queue_is_reported_and_so_is_room_again(void **state)
{
	uint64_t count = 0;

	(void)state;
	rig_start_storage();
	push_run(GAP_NONE);
	assert_false(storage_is_full(rig.storage));
	set_disk(false, true, INT64_MAX);
	for (size_t pushed = 0; !storage_is_full(rig.storage); pushed++)
		push_frame(pushed ? MEDIA_FRAMES - 1 : 0);
	assert_true(storage_queued_bytes(rig.storage) > STORAGE_QUEUE_BYTES);
	assert_int_equal(read(rig.room.fd, &count, sizeof(count)), -1);
	set_disk(false, false, INT64_MAX);
	for (int i = 0; read(rig.room.fd, &count, sizeof(count)) < 0; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
	assert_true(count > 0);
	assert_false(storage_is_full(rig.storage));
}

static void a_hanging_disk_does_not_block_the_stop(void **state)
{
	(void)state;
	rig_start_storage();
	push_run(GAP_NONE);
	set_disk(false, true, INT64_MAX);
	push_frames(0, 5);
	assert_false(storage_stop(rig.storage, 0));
	set_disk(false, false, INT64_MAX);
	rig_stop();
	rig_read_folder();
	assert_frames(0, 0, 5);
}

static void after_a_segment_is_deleted_by_hand_a_new_one_begins_at_the_next_key_frame(void **state)
{
	size_t key = next_key(10);

	(void)state;
	rig_start_storage();
	push_run(GAP_NONE);
	push_frames(0, 10);
	wait_for(10);
	struct buffer output = output_of("rm '%s'/recording_2*", rig.config.record.directory);
	buffer_free(&output);
	push_frames(10, MEDIA_FRAMES);
	rig_stop();
	rig_read_folder();
	assert_int_equal(rig.segment_count, 1);
	assert_int_equal(rig.segments[0].gap_cause, GAP_DISK);
	assert_int_equal(rig.found, MEDIA_FRAMES - key);
	assert_frames(0, key, MEDIA_FRAMES);
}

static void a_folder_deleted_by_hand_is_created_again(void **state)
{
	size_t key = next_key(10);

	(void)state;
	rig_start_storage();
	push_run(GAP_NONE);
	push_frames(0, 10);
	wait_for(10);
	struct buffer output = output_of("rm -rf '%s'", rig.config.record.directory);
	buffer_free(&output);
	push_frames(10, MEDIA_FRAMES);
	rig_stop();
	rig_read_folder();
	assert_int_equal(rig.segment_count, 1);
	assert_frames(0, key, MEDIA_FRAMES);
	assert_int_equal(rig_probe(0), MEDIA_FRAMES - key);
}

static void after_a_failed_sync_a_new_segment_begins(void **state)
{
	size_t key = next_key(10);

	(void)state;
	rig.config.record.sync_seconds = 0;
	rig_start_storage();
	push_run(GAP_NONE);
	atomic_store(&syncs_refused, 1);
	push_frames(0, 10);
	wait_for(10);
	for (int i = 0; !archive_segment_is_suspect(rig.archive); i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
	push_frames(10, MEDIA_FRAMES);
	rig_stop();
	rig_read_folder();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_NONE);
	assert_int_equal(rig.found, MEDIA_FRAMES);
	assert_frames(0, 0, MEDIA_FRAMES);
	assert_int_equal(rig_probe(0), key);
}

static void only_the_first_segment_of_a_run_has_its_gap_cause(void **state)
{
	(void)state;
	rig.config.record.segment_seconds = 1;
	rig_start_storage();
	push_run(GAP_CLOCK);
	push_frames(0, 1);
	push_run(GAP_STALLED);
	push_frames(next_key(1), MEDIA_FRAMES);
	rig_stop();
	rig_read_folder();
	assert_true(rig.segment_count > 3);
	assert_int_equal(rig.segments[0].gap_cause, GAP_START);
	assert_int_equal(rig.segments[1].gap_cause, GAP_STALLED);
	for (size_t i = 2; i < rig.segment_count; i++)
		assert_int_equal(rig.segments[i].gap_cause, GAP_NONE);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start_case, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_full_disk_drops_frames_and_recording_resumes_at_the_next_key_frame),
		CASE(a_segment_without_a_frame_is_no_footage),
		CASE(a_write_torn_at_any_byte_leaves_whole_frames_only),
		CASE(frames_that_a_torn_write_did_not_reach_are_all_there),
		CASE(a_full_queue_is_reported_and_so_is_room_again),
		CASE(a_hanging_disk_does_not_block_the_stop),
		CASE(after_a_segment_is_deleted_by_hand_a_new_one_begins_at_the_next_key_frame),
		CASE(a_folder_deleted_by_hand_is_created_again),
		CASE(after_a_failed_sync_a_new_segment_begins),
		CASE(only_the_first_segment_of_a_run_has_its_gap_cause),
	};

	return cmocka_run_group_tests(tests, pushed_media_make, pushed_media_drop);
}
