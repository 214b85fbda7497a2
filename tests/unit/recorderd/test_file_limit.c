/*
 * test_file_limit.c - file systems that cannot do everything: files may not be larger than so much, so segments end
 * before that and larger clips are refused; and folders cannot be synced, as on NFS and FUSE.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fcgi/clip/kept_clips.h"
#include "shared/base/file_limit.h"
#include "tests/unit/support/in_range.h"
#include "tests/unit/support/recording_rig.h"

#include "tests/unit/support/media_cases.h"

#define LIMIT 20000u

static struct stream stream;

static _Atomic bool folders_do_not_sync;

int fsync(int fd)
{
	struct stat status;

	if (!folders_do_not_sync || fstat(fd, &status) != 0 || !S_ISDIR(status.st_mode))
		return (int)syscall(SYS_fsync, fd);
	errno = EINVAL;
	return -1;
}

static void set_limit(uint64_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int make_stream(void **state)
{
	signal(SIGXFSZ, SIG_IGN);
	setenv("TMPDIR", "/dev/shm", 0);
	if (make_folder(state) != 0)
		return -1;
	stream_make(&stream, "h264");
	return 0;
}

static int drop_stream(void **state)
{
	buffer_free(&stream.data);
	return remove_folder(state);
}

static int end_case(void **state)
{
	set_limit(RLIM_INFINITY);
	return rig_tear_down(state);
}

static void push_run(void)
{
	struct media *run =
		media_create(MEDIA_RUN, stream.data.data + stream.ftyp.at, stream.ftyp.bytes + stream.moov.bytes);

	assert_non_null(run);
	run->run.gap_cause = GAP_UNPLUGGED;
	assert_true(mp4_parse_init(stream.data.data + stream.moov.at, stream.moov.bytes, &run->run.track));
	run->run.track.entry = NULL;
	storage_push(rig.storage, run);
}

static void push_frames(size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		const struct piece *piece = &stream.fragments[i];
		struct media *frame = media_create(MEDIA_FRAME, stream.data.data + piece->at, piece->bytes);

		assert_non_null(frame);
		frame->frame.wall.us = MEDIA_WALL_US + media_time_us(i);
		frame->frame.mono.us = 50 * US_PER_S + media_time_us(i);
		frame->frame.moof_bytes = (uint32_t)moof_bytes(frame->data);
		assert_true(mp4_parse_fragment(frame->data, frame->frame.moof_bytes, &frame->frame.fragment));
		storage_push(rig.storage, frame);
	}
}

/* Waits until storage has written or dropped so many frames. */
static void wait_for(uint64_t frames)
{
	for (int i = 0; storage_frames(rig.storage) + storage_dropped(rig.storage) < frames; i++) {
		assert_int_in_range(i, 0, 60000);
		usleep(1000);
	}
}

static const char *trouble(void)
{
	static char text[256];

	storage_error(rig.storage, text, sizeof(text));
	return text;
}

static void a_segment_ends_early_enough_to_be_finished(void **state)
{
	(void)state;
	set_limit(LIMIT);
	rig_start_storage();
	push_run();
	push_frames(0, MEDIA_FRAMES);
	wait_for(MEDIA_FRAMES);
	assert_string_equal(trouble(), "");
	assert_int_equal(storage_dropped(rig.storage), 0);
	rig_stop();
	rig_read_folder();
	assert_int_in_range(rig.segment_count, 2, 8);
	for (size_t i = 0; i < rig.segment_count; i++) {
		assert_int_equal(rig.segments[i].state, CATALOGUE_COMPLETE);
		assert_int_in_range(rig.segments[i].size_bytes, 1, LIMIT);
		if (i > 0)
			assert_int_equal(rig.segments[i].gap_cause, GAP_NONE);
	}
	assert_int_equal(rig.found, MEDIA_FRAMES);
}

static void too_little_room_for_a_second_is_reported_until_there_is_more(void **state)
{
	size_t back = 30;

	(void)state;
	while (!media_key(back))
		back++;
	set_limit(3500);
	rig_start_storage();
	push_run();
	push_frames(0, 30);
	wait_for(30);
	assert_non_null(strstr(trouble(), "is too small for one second"));
	set_limit(RLIM_INFINITY);
	push_frames(30, MEDIA_FRAMES);
	wait_for(MEDIA_FRAMES);
	assert_string_equal(trouble(), "");
	rig_stop();
	rig_read_folder();
	assert_int_equal(rig.segments[rig.segment_count - 1].frames, MEDIA_FRAMES - back);
	for (size_t i = 0; i < rig.segment_count; i++)
		assert_int_equal(rig.segments[i].state, CATALOGUE_COMPLETE);
}

static void a_clip_larger_than_the_limit_is_refused(void **state)
{
	char path[PATH_BYTES];
	struct virtual_file *file = virtual_file_create();
	int media = file_of(stream.data.data, stream.data.length);
	struct kept_clip keep = {
		.folder = open(media_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .file = file, .name = "a.mp4"};

	(void)state;
	assert_true(virtual_file_append_range(file, media, 0, stream.data.length));
	set_limit(stream.data.length - 1);
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_TOO_LARGE);
	assert_int_equal(access(path_of("a.mp4", path), F_OK), -1);
	set_limit(stream.data.length);
	assert_int_equal(kept_clip_write(&keep), KEPT_CLIP_OK);
	assert_int_equal(access(path_of("a.mp4", path), F_OK), 0);
	close(keep.folder);
	virtual_file_unref(file);
	close(media);
}

static void the_smaller_limit_counts_and_asking_does_not_move_the_offset(void **state)
{
	int fd = file_of("12345", 5);

	(void)state;
	assert_int_equal(lseek(fd, 3, SEEK_SET), 3);
	assert_true(file_limit_bytes(fd) > UINT64_C(1) << 41);
	set_limit(12345);
	assert_int_equal(file_limit_bytes(fd), 12345);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
	close(fd);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, end_case)

static void a_folder_that_cannot_be_synced_is_recorded_to(void **state)
{
	(void)state;
	folders_do_not_sync = true;
	rig_start_storage();
	push_run();
	push_frames(0, MEDIA_FRAMES);
	wait_for(MEDIA_FRAMES);
	assert_string_equal(trouble(), "");
	assert_int_equal(storage_dropped(rig.storage), 0);
	rig_stop();
	folders_do_not_sync = false;
	rig_read_folder();
	assert_int_equal(rig.found, MEDIA_FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_segment_ends_early_enough_to_be_finished),
		CASE(too_little_room_for_a_second_is_reported_until_there_is_more),
		CASE(a_folder_that_cannot_be_synced_is_recorded_to),
		CASE(a_clip_larger_than_the_limit_is_refused),
		CASE(the_smaller_limit_counts_and_asking_does_not_move_the_offset),
	};

	return cmocka_run_group_tests(tests, make_stream, drop_stream);
}
