/* test_live.c - frames of the live server against a ring written here, and viewers that read as a web server does. */
#include <poll.h>

#include "tests/unit/support/live_server.h"

static void frames_arrive_whole_and_in_order(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	for (uint32_t n = 2; n <= 40; n++) {
		record(n);
		assert_int_equal(frame_behind(&viewer, n - 1), n);
	}
	leave(&viewer);
}

/* Around the size of a record, where headers, picture and boundary fall on both sides of its end. */
static void every_size_around_a_record_arrives_whole(void **state)
{
	(void)state;
	record_sized(1, 100, WIDTH);
	struct viewer viewer = watch_live("/");
	assert_int_equal(next_frame(&viewer), 1);
	for (uint32_t n = 2; n <= 250; n++) {
		record_sized(n, FASTCGI_RECORD_MAX - 200 + n, WIDTH);
		assert_int_equal(frame_behind(&viewer, n - 1), n);
	}
	leave(&viewer);
}

/* From some viewers on a frame is sent out of a file instead of the ring: also to one that was in the midst of it. */
static void many_viewers_get_every_frame_whole(void **state)
{
	enum { VIEWERS = 7 };
	struct viewer viewers[VIEWERS];
	(void)state;
	places = VIEWERS;
	publish();
	record(1);
	for (int i = 0; i < VIEWERS; i++)
		viewers[i] = watch_live("/stream");
	for (uint32_t n = 1; n <= 40; n++) {
		if (n > 1)
			record_sized(n, 6000 * n, WIDTH);
		for (int i = 0; i < VIEWERS; i++)
			assert_int_equal(frame_behind(&viewers[i], n - 1), n);
	}
	for (int i = 0; i < VIEWERS; i++)
		leave(&viewers[i]);
}

static void a_slow_viewer_gets_the_newest_frame_next(void **state)
{
	(void)state;
	record(1);
	struct viewer slow = watch_live("/stream"), quick = watch_live("/stream");
	for (uint32_t n = 1; n <= 30; n++) {
		if (n > 1)
			record_sized(n, 30000, WIDTH);
		while (next_frame(&quick) != n)
			;
	}
	assert_int_equal(next_frame(&slow), 1);
	assert_int_equal(next_frame(&slow), 30);
	leave(&slow);
	leave(&quick);
}

/* The ring is written over many times while a viewer stands still: what it gets is whole, or the stream breaks off. */
static void a_frame_that_is_written_over_never_passes_as_good(void **state)
{
	(void)state;
	record(1);
	struct viewer slow = watch_live("/stream");
	for (uint32_t n = 2; n <= 100; n++)
		record(n);
	uint32_t got, count = 0;
	while (count < 3 && (got = next_frame(&slow)) != 0) {
		assert_true(got <= 100);
		count++;
	}
	leave(&slow);
}

static bool has_bytes(const struct viewer *viewer)
{
	return poll(&(struct pollfd){.fd = viewer->fd, .events = POLLIN}, 1, 0) > 0;
}

static void fps_thins_the_stream(void **state)
{
	uint32_t count = 0, repeats = 0, newest = 0;
	(void)state;
	record_sized(1, 1000, WIDTH);
	struct viewer all = watch_live("/stream"), few = watch_live("/stream?fps=10.0");
	int64_t begin_us = mono_now().us;
	for (uint32_t n = 1; n <= 60; n++) {
		if (n > 1)
			record_sized(n, 1000, WIDTH);
		while (next_frame(&all) != n)
			;
		for (; has_bytes(&few); count++) {
			uint32_t got = next_frame(&few);
			assert_true(got >= newest);
			repeats += got == newest;
			newest = got;
		}
		struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};
		nanosleep(&moment, NULL);
	}
	int64_t took_us = mono_now().us - begin_us;
	assert_true(newest > 1);
	assert_true(count <= took_us / 100000 + 3);
	assert_true(repeats <= took_us / (US_PER_S / 2)); /* of the last one, where the machine stood still */
	leave(&all);
	leave(&few);
}

static void the_last_frame_is_sent_again_when_no_other_comes(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	assert_int_equal(next_frame(&viewer), 1);
	assert_int_equal(next_frame(&viewer), 1);
	record(2);
	assert_int_equal(frame_behind(&viewer, 1), 2);
	leave(&viewer);
}

static void a_picture_of_another_size_ends_the_stream(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	record_sized(2, FRAME_BYTES, WIDTH * 2);
	assert_int_equal(frame_behind(&viewer, 1), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	leave(&viewer);
	viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 2);
	leave(&viewer);
}

static void viewers_go_on_when_the_recorder_is_back_with_a_new_ring(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	ring_writer_close(recorder);
	assert_int_equal(next_frame(&viewer), 1);
	start_recorder();
	record(7);
	assert_int_equal(frame_behind(&viewer, 1), 7);
	record(8);
	assert_int_equal(frame_behind(&viewer, 7), 8);
	leave(&viewer);
}

static int start_impatient(void **state)
{
	return start_with(state, US_PER_S);
}

static void streams_end_when_the_recorder_stays_away(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	ring_writer_close(recorder);
	recorder = NULL;
	assert_int_equal(frame_behind(&viewer, 1), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	leave(&viewer);
}

static void stopping_ends_every_stream(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	stop_server();
	assert_int_equal(frame_behind(&viewer, 1), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	leave(&viewer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_arrive_whole_and_in_order),
		CASE(every_size_around_a_record_arrives_whole),
		CASE(many_viewers_get_every_frame_whole),
		CASE(a_slow_viewer_gets_the_newest_frame_next),
		CASE(a_frame_that_is_written_over_never_passes_as_good),
		CASE(fps_thins_the_stream),
		CASE(the_last_frame_is_sent_again_when_no_other_comes),
		CASE(a_picture_of_another_size_ends_the_stream),
		CASE(viewers_go_on_when_the_recorder_is_back_with_a_new_ring),
		cmocka_unit_test_setup_teardown(streams_end_when_the_recorder_stays_away, start_impatient, teardown),
		CASE(stopping_ends_every_stream),
	};
	return cmocka_run_group_tests_name("live", tests, make_folder, remove_folder);
}
