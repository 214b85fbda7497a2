/* test_live.c - frames from a ring to viewers that read as a web server does. */
#include <poll.h>

#include <fastcgi.h>

#include "fcgi/io/fastcgi.h"
#include "tests/unit/support/live_server.h"

static void frames_arrive_whole_and_in_order(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_watch("/stream");
	assert_int_equal(live_next_frame(&viewer), 1);
	for (uint32_t n = 2; n <= 40; n++) {
		record_frame(n);
		assert_int_equal(live_frame_after(&viewer, n - 1), n);
	}
	live_leave(&viewer);
}

/* Sizes near that of a record, so that its end falls into the headers, the JPEG and the boundary. */
static void every_size_near_a_record_arrives_whole(void **state)
{
	(void)state;
	record_frame_sized(1, 100, WIDTH);
	struct viewer viewer = live_watch("/");
	assert_int_equal(live_next_frame(&viewer), 1);
	for (uint32_t n = 2; n <= 250; n++) {
		record_frame_sized(n, FASTCGI_RECORD_MAX - 200 + n, WIDTH);
		assert_int_equal(live_frame_after(&viewer, n - 1), n);
	}
	live_leave(&viewer);
}

/* With several viewers, a frame is sent from a file instead of the ring, also to viewers in the middle of it. */
static void many_viewers_get_every_frame_whole(void **state)
{
	enum { VIEWERS = 7 };
	struct viewer viewers[VIEWERS];
	(void)state;
	live_server.max_viewers = VIEWERS;
	live_server_publish();
	record_frame(1);
	for (int i = 0; i < VIEWERS; i++)
		viewers[i] = live_watch("/stream");
	for (uint32_t n = 1; n <= 40; n++) {
		if (n > 1)
			record_frame_sized(n, 6000 * n, WIDTH);
		for (int i = 0; i < VIEWERS; i++)
			assert_int_equal(live_frame_after(&viewers[i], n - 1), n);
	}
	for (int i = 0; i < VIEWERS; i++)
		live_leave(&viewers[i]);
}

static void a_slow_viewer_gets_the_newest_frame_next(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer slow = live_watch("/stream"), quick = live_watch("/stream");
	for (uint32_t n = 1; n <= 30; n++) {
		if (n > 1)
			record_frame_sized(n, 30000, WIDTH);
		while (live_next_frame(&quick) != n)
			;
	}
	assert_int_equal(live_next_frame(&slow), 1);
	assert_int_equal(live_next_frame(&slow), 30);
	live_leave(&slow);
	live_leave(&quick);
}

/* The ring is overwritten many times while a viewer reads nothing: it gets whole frames, or its stream ends. */
static void an_overwritten_frame_is_never_sent(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer slow = live_watch("/stream");
	for (uint32_t n = 2; n <= 100; n++)
		record_frame(n);
	uint32_t got, count = 0;
	while (count < 3 && (got = live_next_frame(&slow)) != 0) {
		assert_true(got <= 100);
		count++;
	}
	live_leave(&slow);
}

static bool has_bytes(const struct viewer *viewer)
{
	return poll(&(struct pollfd){.fd = viewer->fd, .events = POLLIN}, 1, 0) > 0;
}

static void fps_limits_the_frame_rate(void **state)
{
	uint32_t count = 0, repeats = 0, newest = 0;

	(void)state;
	record_frame_sized(1, 1000, WIDTH);
	struct viewer all = live_watch("/stream"), few = live_watch("/stream?fps=10.0");
	int64_t begin_us = mono_now().us;
	for (uint32_t n = 1; n <= 60; n++) {
		if (n > 1)
			record_frame_sized(n, 1000, WIDTH);
		while (live_next_frame(&all) != n)
			;
		for (; has_bytes(&few); count++) {
			uint32_t got = live_next_frame(&few);
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
	assert_true(repeats <= took_us / (US_PER_S / 2)); /* of the last frame, if the machine was stalled */
	live_leave(&all);
	live_leave(&few);
}

static void the_last_frame_is_repeated(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_watch("/stream");
	assert_int_equal(live_next_frame(&viewer), 1);
	assert_int_equal(live_next_frame(&viewer), 1);
	assert_int_equal(live_next_frame(&viewer), 1);
	record_frame(2);
	assert_int_equal(live_frame_after(&viewer, 1), 2);
	live_leave(&viewer);
}

static void a_frame_of_another_size_ends_the_stream(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_watch("/stream");
	assert_int_equal(live_next_frame(&viewer), 1);
	record_frame_sized(2, FRAME_BYTES, WIDTH * 2);
	assert_int_equal(live_frame_after(&viewer, 1), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	live_leave(&viewer);
	viewer = live_watch("/stream");
	assert_int_equal(live_next_frame(&viewer), 2);
	live_leave(&viewer);
}

static void viewers_continue_with_the_ring_of_a_new_recorder(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_watch("/stream");
	assert_int_equal(live_next_frame(&viewer), 1);
	ring_writer_close(live_server.recorder);
	assert_int_equal(live_next_frame(&viewer), 1);
	live_server_start_recorder();
	record_frame(7);
	assert_int_equal(live_frame_after(&viewer, 1), 7);
	record_frame(8);
	assert_int_equal(live_frame_after(&viewer, 7), 8);
	live_leave(&viewer);
}

static int start_impatient(void **state)
{
	return live_server_start_with(state, US_PER_S);
}

static void streams_end_if_the_recorder_does_not_come_back(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_watch("/stream");
	ring_writer_close(live_server.recorder);
	live_server.recorder = NULL;
	assert_int_equal(live_frame_after(&viewer, 1), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	live_leave(&viewer);
}

static void stopping_ends_every_stream(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_watch("/stream");
	assert_int_equal(live_next_frame(&viewer), 1);
	live_server_stop();
	assert_int_equal(live_frame_after(&viewer, 1), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	live_leave(&viewer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_arrive_whole_and_in_order),
		CASE(every_size_near_a_record_arrives_whole),
		CASE(many_viewers_get_every_frame_whole),
		CASE(a_slow_viewer_gets_the_newest_frame_next),
		CASE(an_overwritten_frame_is_never_sent),
		CASE(fps_limits_the_frame_rate),
		CASE(the_last_frame_is_repeated),
		CASE(a_frame_of_another_size_ends_the_stream),
		CASE(viewers_continue_with_the_ring_of_a_new_recorder),
		cmocka_unit_test_setup_teardown(streams_end_if_the_recorder_does_not_come_back, start_impatient,
						live_server_tear_down),
		CASE(stopping_ends_every_stream),
	};

	return cmocka_run_group_tests_name("live", tests, live_server_make_folder, live_server_remove_folder);
}
