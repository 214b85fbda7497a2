/*
 * test_clip_final.c - when the answer about a range is final, given a ring of frames at known times and the state that
 * a recorder has published.
 */
#include "fcgi/clip/clip_final.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/ring/ring_writer.h"

#define FRAMES      100 /* in the ring, ten per second, the newest of them now */
#define FRAME_US    (US_PER_S / 10)
#define FRAME_BYTES 1000u

struct fixture {
	struct ring_writer *writer;
	struct ring_reader *reader;
	int64_t mono_us, wall_us; /* of the newest frame */
	struct recorder_state state;
};

/* Frames first_off to end_off - 1 were captured while recording was off. The ring has room for `entries` frames. */
static void fixture_open(struct fixture *on, int first_off, int end_off, uint64_t entries)
{
	struct ring_request request = {.data_bytes = 4 << 20, .index_entries = entries, .keep_us = INT64_MAX / 2};
	static uint8_t jpeg[FRAME_BYTES];
	uint64_t data_bytes, adopted, bytes;
	struct reason why;
	char name[64];

	snprintf(name, sizeof(name), "/recorder.test-final-%d", (int)getpid());
	request.name = name;
	*on = (struct fixture){.mono_us = mono_now().us};
	on->wall_us = on->mono_us + clock_offset_us();
	on->state.heartbeat_mono_us = on->mono_us;
	on->state.indexed_mono_us = on->mono_us;
	on->writer = ring_writer_open(&request, &data_bytes, &adopted, &why);
	assert_non_null(on->writer);
	for (int i = 0; i < FRAMES; i++) {
		int64_t ago_us = (int64_t)(FRAMES - 1 - i) * FRAME_US;
		struct ring_meta meta = {.wall_us = on->wall_us - ago_us,
					 .mono_us = on->mono_us - ago_us,
					 .epoch = 1,
					 .flags = i >= first_off && i < end_off ? RING_FRAME_RECORDING_OFF : 0};
		struct iovec part = {jpeg, sizeof(jpeg)};
		assert_int_equal(ring_writer_put(on->writer, &meta, &part, 1), i + 1);
	}
	const void *memory = ring_writer_memory(on->writer, &bytes);
	on->reader = ring_reader_attach(memory, bytes, &why);
	assert_non_null(on->reader);
}

static struct fixture fixture;

static int fixture_close(void **state)
{
	(void)state;
	ring_reader_close(fixture.reader);
	ring_writer_close(fixture.writer);
	fixture = (struct fixture){0};
	return 0;
}

/* The range begins and ends that many frames before the newest one. */
static bool is_final(const struct fixture *on, int from_ago, int to_ago)
{
	const struct clip_plan plan = {.from_us = on->wall_us - from_ago * FRAME_US,
				       .to_us = on->wall_us - to_ago * FRAME_US};

	return clip_is_final(&plan, on->reader, &on->state);
}

/* That many of the newest frames are not indexed. */
static void set_unindexed(struct fixture *on, int frames)
{
	on->state.indexed_mono_us = on->mono_us - frames * FRAME_US;
}

static void what_is_indexed_is_final(void **state)
{
	(void)state;
	fixture_open(&fixture, 0, 0, 1024);
	assert_true(is_final(&fixture, 50, 20));
	assert_true(is_final(&fixture, 200, 20));
	assert_true(is_final(&fixture, 50, 0));
}

static void a_range_with_a_frame_that_may_be_indexed_is_not_final(void **state)
{
	(void)state;
	fixture_open(&fixture, 0, 0, 1024);
	set_unindexed(&fixture, 30);
	assert_true(is_final(&fixture, 60, 29)); /* ends at the oldest of them, which is not in the range */
	assert_false(is_final(&fixture, 60, 28));
	assert_false(is_final(&fixture, 20, 10));
	set_unindexed(&fixture, 1000);
	assert_false(is_final(&fixture, 99, 98));
	assert_true(is_final(&fixture, 200, 100)); /* before the ring, and nothing is on its way to the disk */
}

/* Whatever the recorder publishes: if it is dead, the next one takes over the ring. */
static void the_state_of_the_recorder_does_not_matter(void **state)
{
	(void)state;
	fixture_open(&fixture, 0, 0, 1024);
	set_unindexed(&fixture, 30);
	for (uint32_t recording = RECORDING_OFF; recording <= RECORDING_DISK; recording++) {
		fixture.state.recording_state = recording;
		fixture.state.heartbeat_mono_us = fixture.mono_us;
		assert_false(is_final(&fixture, 60, 10));
		fixture.state.heartbeat_mono_us = fixture.mono_us - 3600 * US_PER_S;
		assert_false(is_final(&fixture, 60, 10));
		assert_true(is_final(&fixture, 60, 40));
	}
	fixture.state = (struct recorder_state){0}; /* it has published nothing */
	assert_false(is_final(&fixture, 60, 10));
}

static void what_was_captured_while_recording_was_off_is_final(void **state)
{
	(void)state;
	fixture_open(&fixture, 50, 80, 1024);
	set_unindexed(&fixture, 60);
	assert_true(is_final(&fixture, 49, 20));
	assert_false(is_final(&fixture, 50, 20));
	assert_false(is_final(&fixture, 49, 18));
}

/* The encoder and the disk's queue hold frames that the ring has overwritten. */
static void frames_on_their_way_to_the_disk_count_even_if_the_ring_has_lost_them(void **state)
{
	(void)state;
	/* The ring still has the newest 64, all of them captured while recording was off. */
	fixture_open(&fixture, 40, FRAMES, 64);
	set_unindexed(&fixture, 90);
	assert_true(is_final(&fixture, 99, 70));
	fixture.state.unwritten_frames = 1;
	assert_false(is_final(&fixture, 99, 70));
	assert_true(is_final(&fixture, 99, 91)); /* before what is indexed */
	assert_true(is_final(&fixture, 55, 30)); /* the ring has them all */
}

static void a_range_that_the_camera_may_still_deliver_is_not_final(void **state)
{
	(void)state;
	fixture_open(&fixture, 0, 0, 1024);
	assert_false(is_final(&fixture, 50, -1));
	fixture.state.heartbeat_mono_us += 600 * US_PER_S; /* no frame for ten minutes */
	assert_true(is_final(&fixture, 50, -100));
	fixture.state.heartbeat_mono_us = fixture.mono_us; /* and no heartbeat either */
	assert_false(is_final(&fixture, 50, -100));
}

static void without_a_ring_an_open_segment_is_not_final(void **state)
{
	const struct recorder_state none = {0};
	struct clip_plan plan = {.from_us = 1, .to_us = 2};

	(void)state;
	assert_true(clip_is_final(&plan, NULL, &none));
	plan.is_open = true;
	assert_false(clip_is_final(&plan, NULL, &none));
}

static void what_cannot_be_read_is_not_final(void **state)
{
	const struct recorder_state none = {0};
	const struct clip_plan plan = {.from_us = 1, .to_us = 2, .unreadable = EIO};

	(void)state;
	assert_false(clip_is_final(&plan, NULL, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_indexed_is_final, fixture_close),
		cmocka_unit_test_teardown(a_range_with_a_frame_that_may_be_indexed_is_not_final, fixture_close),
		cmocka_unit_test_teardown(the_state_of_the_recorder_does_not_matter, fixture_close),
		cmocka_unit_test_teardown(what_was_captured_while_recording_was_off_is_final, fixture_close),
		cmocka_unit_test_teardown(frames_on_their_way_to_the_disk_count_even_if_the_ring_has_lost_them,
					  fixture_close),
		cmocka_unit_test_teardown(a_range_that_the_camera_may_still_deliver_is_not_final, fixture_close),
		cmocka_unit_test_teardown(without_a_ring_an_open_segment_is_not_final, fixture_close),
		cmocka_unit_test_teardown(what_cannot_be_read_is_not_final, fixture_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
