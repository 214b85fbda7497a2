/* test_encoder_store.c - live video, and what is on the disk in the end, when the disk hangs and its queue is full. */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "recorderd/encoder/ring_feed.h"
#include "recorderd/storage/storage_internal.h"
#include "shared/base/clock.h"
#include "shared/ring/video_ring.h"
#include "tests/unit/fakes/fake_clock.h"
#include "tests/unit/support/recording_rig.h"

#define QUEUE_BYTES 1024 /* some frames */
#define NAME        "/recorder.store-%d"

static _Atomic bool disk_hangs;

/* A fake disk: pwrite() of the whole program. Unlike pwrite64's, the arguments of pwritev are the same everywhere. */
ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at)
{
	const struct iovec piece = {(void *)(uintptr_t)data, bytes};

	while (atomic_load(&disk_hangs))
		usleep(1000);
	return syscall(SYS_pwritev, fd, &piece, 1, (long)at, (long)(at >> 32));
}

static struct ring_reader *video;
static char ring_name[64], video_name[VIDEO_RING_NAME_BYTES];

/* The frames of the rig were captured so long ago. */
static int set_up(uint64_t ring_bytes, int64_t age_us)
{
	struct reason why;

	atomic_store(&disk_hangs, false);
	snprintf(ring_name, sizeof(ring_name), NAME, (int)getpid());
	video_ring_name(ring_name, video_name);
	if (rig_prepare(ring_bytes) != 0)
		return -1;
	rig.mono_offset_us = RIG_WALL_US - (mono_now().us - age_us);
	rig.video = video_writer_open(ring_name, 0);
	video = ring_reader_open(video_name, &why);
	return rig.video && video ? 0 : -1;
}

static int large_ring(void **state)
{
	(void)state;
	return set_up(8 << 20, -60 * US_PER_S); /* live even on a slow machine */
}

static int small_ring(void **state)
{
	(void)state;
	return set_up(96 << 10, -60 * US_PER_S);
}

static int old_frames(void **state)
{
	(void)state;
	fake_clock.mono_ahead_us += 1000 * US_PER_S;
	return set_up(8 << 20, 1000 * US_PER_S);
}

static int tear_down(void **state)
{
	atomic_store(&disk_hangs, false);
	ring_reader_close(video);
	int result = rig_tear_down(state);
	video_writer_close(rig.video);
	return result;
}

static bool some_are_on_disk(struct rig *of)
{
	return storage_frames(of->storage) >= 20;
}

static void put_more(size_t frames)
{
	for (size_t i = 0; i < frames; i++)
		rig_put(rig.wall_us[rig.given++]);
	encoder_pump(rig.encoder);
}

/* FFmpeg has given back nearly all frames. */
static bool gave_back(struct rig *of)
{
	struct encoder_status status;

	encoder_status(of->encoder, &status);
	return status.in_flight <= 2 && status.lag_us < US_PER_S;
}

/*
 * Puts one more frame if the queue is not full, once FFmpeg has given back nearly all others: the thread that writes
 * takes what is in the queue if it was between two writes when the disk began to hang.
 */
static void fill_queue(struct rig *of)
{
	if (!storage_is_full(of->storage) && gave_back(of) && of->given + 40 < of->to_give)
		put_more(1);
}

/* All frames were given that the rig gives while the disk takes none. */
static bool is_full(struct rig *of)
{
	if (of->given < storage_frames(of->storage) + RIG_AHEAD)
		return false;
	fill_queue(of);
	return storage_is_full(of->storage);
}

/* Nearly all of the frames that were given were shown, and the queue is full. */
static bool live_video_went_on(struct rig *of)
{
	fill_queue(of);
	return ring_reader_head(video) + 4 >= of->given && storage_is_full(of->storage);
}

/* The disk hangs, its queue is full, and frames come that it does not take. */
static void hang(bool live)
{
	rig_start();
	rig_plan(RIG_WALL_US, 25, US_PER_S, 8);
	rig_wait(some_are_on_disk);
	atomic_store(&disk_hangs, true);
	rig.storage->queue_max_bytes = QUEUE_BYTES;
	rig_wait(is_full);
	for (int i = 0; i < 20; i++) { /* not at once, or an encoder that is slow now drops some of them */
		if (live)
			rig_wait(gave_back);
		put_more(1);
	}
}

static void hang_while_video_is_live(void)
{
	hang(true);
	rig_wait(live_video_went_on);
}

static void let_the_disk_answer(void)
{
	rig.storage->queue_max_bytes = STORAGE_QUEUE_BYTES;
	atomic_store(&disk_hangs, false);
}

static void stop_and_read(void)
{
	rig_stop();
	rig_read_folder();
}

static void assert_continues(size_t segment)
{
	assert_int_equal(rig.segments[segment].gap_cause, GAP_NONE);
	assert_int_equal(rig.segments[segment].start_wall_us, rig.segments[segment - 1].end_wall_us);
}

static void live_video_goes_on_and_nothing_is_missing_on_the_disk(void **state)
{
	(void)state;
	hang_while_video_is_live();
	let_the_disk_answer();
	rig_wait(rig_all_put);
	stop_and_read();
	assert_all_recorded();
	assert_key_frames();
	assert_int_equal(rig.segment_count, 2);
	assert_continues(1);
}

/* Within the run that was ended, or in one of the runs that nothing was stored of. */
static void other_epochs_meanwhile_keep_their_causes(void **state)
{
	(void)state;
	hang_while_video_is_live();
	rig.epoch = 2;
	rig.gap_cause = GAP_UNPLUGGED;
	rig_put(rig.wall_us[rig.given] += US_PER_S);
	for (size_t i = ++rig.given; i < rig.to_give; i++)
		rig.wall_us[i] += US_PER_S;
	rig_wait(live_video_went_on);
	let_the_disk_answer();
	rig_wait(rig_all_put);
	stop_and_read();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 3);
	assert_continues(1);
	assert_int_equal(rig.segments[2].gap_cause, GAP_UNPLUGGED);
}

static void what_the_ring_has_overwritten_is_a_gap_of_the_disk(void **state)
{
	(void)state;
	hang_while_video_is_live();
	rig_plan(RIG_WALL_US + 8 * US_PER_S, 25, US_PER_S, 50);
	put_more(rig.to_give - rig.given);
	uint64_t oldest = ring_reader_tail(rig.reader);
	assert_true(oldest > storage_frames(rig.storage) + 30); /* and so after what the queue holds */
	let_the_disk_answer();
	stop_and_read();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_DISK);
	assert_int_equal(rig.segments[1].start_wall_us, rig.wall_us[oldest - 1]);
	assert_int_equal(rig.records[rig.found - 1].wall_us, rig.wall_us[rig.to_give - 1]);
}

static void frames_that_nobody_is_shown_wait_for_the_disk(void **state)
{
	(void)state;
	hang(false);
	let_the_disk_answer();
	rig_wait(rig_all_put);
	stop_and_read();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 1);
}

static void drained(void *context)
{
	*(bool *)context = true;
}

static bool was_drained;

static bool is_drained(struct rig *of)
{
	(void)of;
	return was_drained;
}

static void answer_later(void *context)
{
	assert_false(was_drained);
	let_the_disk_answer();
	(void)context;
}

static void a_stop_waits_for_the_disk_as_long_as_it_may(void **state)
{
	struct loop_timer later = {.due = answer_later};

	(void)state;
	hang_while_video_is_live();
	put_more(rig.to_give - rig.given);
	encoder_stop(rig.encoder, drained, &was_drained);
	loop_timer_set(rig.loop, &later, (mono_t){mono_now().us + US_PER_S});
	rig_wait(is_drained);
	encoder_destroy(rig.encoder);
	rig.encoder = NULL;
	stop_and_read();
	assert_all_recorded();
}

/* By an encoder that takes two frames while one comes. */
static void a_feed_that_goes_back_drops_no_frame(void **state)
{
	struct ring_feed feed;
	int64_t wall_us = RIG_WALL_US;

	(void)state;
	ring_feed_init(&feed, rig.reader, 1);
	for (int i = 0; i < 1000; i++, wall_us += US_PER_S / 25) {
		rig_put(wall_us);
		assert_int_equal(ring_feed_peek(&feed), RING_FEED_FRAME);
		feed.next++;
	}
	ring_feed_go_back(&feed, 400); /* 24 s */
	for (; ring_feed_lag_us(&feed) > 0; wall_us += US_PER_S / 25) {
		rig_put(wall_us);
		for (int n = 0; n < 2 && ring_feed_peek(&feed) == RING_FEED_FRAME; n++)
			feed.next++;
	}
	assert_int_equal(feed.dropped, 0);
	ring_feed_free(&feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(live_video_goes_on_and_nothing_is_missing_on_the_disk, large_ring,
						tear_down),
		cmocka_unit_test_setup_teardown(other_epochs_meanwhile_keep_their_causes, large_ring, tear_down),
		cmocka_unit_test_setup_teardown(what_the_ring_has_overwritten_is_a_gap_of_the_disk, small_ring,
						tear_down),
		cmocka_unit_test_setup_teardown(frames_that_nobody_is_shown_wait_for_the_disk, old_frames, tear_down),
		cmocka_unit_test_setup_teardown(a_feed_that_goes_back_drops_no_frame, large_ring, tear_down),
		cmocka_unit_test_setup_teardown(a_stop_waits_for_the_disk_as_long_as_it_may, large_ring, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
