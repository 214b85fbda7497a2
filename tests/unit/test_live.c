/* test_live.c - the live server against a ring written here, and viewers that read as a web server does. */
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "fcgi/fastcgi.h"
#include "fcgi/live.h"
#include "tests/unit/live_client.h"

#define FRAME_BYTES 150000 /* three records */
#define WIDTH       64

static char folder[64];
static struct config camera;
static struct config_set cameras = {.cameras = &camera, .count = 1};
static struct live_setup setup;
static pthread_t server;
static struct ring_writer *recorder;
static uint64_t places; /* as the recorder has read them; those of `camera` are as recorder-live did */

static void publish(void)
{
	const struct recorder_state alive = {.heartbeat_mono_us = mono_now().us, .max_viewers = places};
	ring_writer_state(recorder, &alive);
}

static void *serve(void *context)
{
	struct reason unused;
	(void)context;
	live_run(&setup, &unused);
	return NULL;
}

static void start_recorder(void)
{
	recorder = open_writer();
	publish();
}

static int start_with(void **state, int64_t gone_limit_us)
{
	remove_ring(state);
	camera.http.max_viewers = 2;
	places = 3;
	start_recorder();
	setup = (struct live_setup){
		.cameras = &cameras,
		.listen_fd = fastcgi_listen(socket_path, &why),
		.stop_fd = eventfd(0, EFD_CLOEXEC),
		.gone_limit_us = gone_limit_us,
	};
	return setup.listen_fd < 0 || pthread_create(&server, NULL, serve, NULL) != 0;
}

static int start(void **state)
{
	return start_with(state, 10 * US_PER_S);
}

static int start_impatient(void **state)
{
	return start_with(state, US_PER_S);
}

static void stop_server(void)
{
	if (setup.stop_fd < 0)
		return;
	eventfd_write(setup.stop_fd, 1);
	pthread_join(server, NULL);
	close(setup.stop_fd);
	close(setup.listen_fd);
	setup.stop_fd = -1;
}

static int stop(void **state)
{
	(void)state;
	stop_server();
	ring_writer_close(recorder);
	recorder = NULL;
	return 0;
}

/* Frame number n is made from the seed n, so that a viewer can tell which one it got. */
static void record_sized(uint32_t n, size_t length, uint16_t width)
{
	static uint8_t bytes[MIB];
	make_frame(bytes, length, n);
	struct ring_meta meta = {.wall_us = n * US_PER_S + 5, .mono_us = n, .stretch = 1, .width = width, .height = 48};
	ring_writer_put(recorder, &meta, &(struct iovec){bytes, length}, 1);
	publish();
}

static void record(uint32_t n)
{
	record_sized(n, FRAME_BYTES, WIDTH);
}

static void frames_arrive_whole_and_in_order(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	for (uint32_t n = 2; n <= 40; n++) {
		record(n);
		assert_int_equal(next_frame(&viewer), n);
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
		assert_int_equal(next_frame(&viewer), n);
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
			assert_int_equal(next_frame(&viewers[i]), n);
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
	uint32_t count = 0, newest = 0;
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
			assert_true(got > newest);
			newest = got;
		}
		struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};
		nanosleep(&moment, NULL);
	}
	int64_t took_us = mono_now().us - begin_us;
	assert_true(newest > 1);
	assert_true(count <= took_us / 100000 + 3);
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
	assert_int_equal(next_frame(&viewer), 2);
	leave(&viewer);
}

static void more_viewers_than_places_get_503_until_one_leaves(void **state)
{
	(void)state;
	record(1);
	struct viewer viewers[3];
	for (int i = 0; i < 3; i++)
		viewers[i] = watch_live("/stream");
	expect_status("GET", "/stream", 503, "Retry-After: ");
	expect_status("GET", "/stream", 503, "application/problem+json");
	leave(&viewers[1]);
	char *headers;
	int status;
	do {
		status = status_of("GET", "/stream", &headers);
		free(headers);
	} while (status == 503);
	assert_int_equal(status, 200);
	assert_true(next_frame(&viewers[0]) > 0);
	leave(&viewers[0]);
	leave(&viewers[2]);
}

static void the_places_are_those_that_the_recorder_read_last(void **state)
{
	(void)state;
	record(1);
	struct viewer first = watch_live("/stream");
	places = 1;
	publish();
	expect_status("GET", "/stream", 503, "Retry-After: ");
	places = 2;
	publish();
	struct viewer second = watch_live("/stream");
	leave(&first);
	leave(&second);
}

static void wrong_requests_get_their_status(void **state)
{
	(void)state;
	record(1);
	expect_status("GET", "/stream?camera=garden", 404, "problem+json");
	expect_status("GET", "/stream?camera=%zz", 404, "problem+json");
	expect_status("GET", "/elsewhere", 404, "problem+json");
	expect_status("GET", "/stream%00", 404, "problem+json");
	expect_status("POST", "/stream", 405, "Allow: GET, HEAD\r\n");
	static const char *const bad_fps[] = {"0",   "-1",  "241",  "abc", "",   "1e2",
					      "inf", "nan", "0x10", ".",   "5x", "0.5"};
	for (size_t i = 0; i < sizeof(bad_fps) / sizeof(bad_fps[0]); i++) {
		char uri[64];
		snprintf(uri, sizeof(uri), "/stream?fps=%s", bad_fps[i]);
		expect_status("GET", uri, 400, "problem+json");
	}
	static const char *const good_fps[] = {"1", "240", "12.5", "29.97"};
	for (size_t i = 0; i < sizeof(good_fps) / sizeof(good_fps[0]); i++) {
		char uri[64];
		snprintf(uri, sizeof(uri), "/stream?fps=%s", good_fps[i]);
		expect_status("HEAD", uri, 200, "multipart/x-mixed-replace");
	}
}

static void the_end_of_the_input_may_come_behind_the_answer(void **state)
{
	(void)state;
	record(1);
	for (int i = 0; i < 20; i++)
		assert_true(client_may_end_late(socket_path, "/elsewhere"));
}

static void head_is_answered_without_a_body(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = ask("HEAD", "/stream");
	assert_true(client_read_all(viewer.fd, &viewer.bytes));
	const char *end = strstr((const char *)viewer.bytes.data, "\r\n\r\n");
	assert_string_equal(end, "\r\n\r\n");
	leave(&viewer);
}

static void without_a_picture_or_a_recorder_there_is_503(void **state)
{
	(void)state;
	expect_status("GET", "/stream", 503, "Retry-After: ");
	ring_writer_close(recorder);
	recorder = NULL;
	expect_status("GET", "/stream", 503, "Retry-After: ");
	expect_status("HEAD", "/stream", 503, "Retry-After: ");
}

static void a_picture_of_another_size_ends_the_stream(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	assert_int_equal(next_frame(&viewer), 1);
	record_sized(2, FRAME_BYTES, WIDTH * 2);
	assert_int_equal(next_frame(&viewer), 0);
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
	uint32_t got;
	while ((got = next_frame(&viewer)) == 1)
		;
	assert_int_equal(got, 7);
	record(8);
	assert_int_equal(next_frame(&viewer), 8);
	leave(&viewer);
}

static void streams_end_when_the_recorder_stays_away(void **state)
{
	(void)state;
	record(1);
	struct viewer viewer = watch_live("/stream");
	ring_writer_close(recorder);
	recorder = NULL;
	uint32_t got;
	while ((got = next_frame(&viewer)) == 1)
		;
	assert_int_equal(got, 0);
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
	assert_int_equal(next_frame(&viewer), 0);
	assert_int_equal(viewer.last_type, FCGI_END_REQUEST);
	leave(&viewer);
}

static void a_silent_or_nonsensical_peer_disturbs_nobody(void **state)
{
	(void)state;
	record(1);
	int silent = client_connect(socket_path), nonsense = client_connect(socket_path);
	assert_true(send(nonsense, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
	struct viewer viewer = watch_live("/stream");
	for (uint32_t n = 1; n <= 20; n++) {
		assert_int_equal(next_frame(&viewer), n);
		record(n + 1);
	}
	char byte;
	assert_true(recv(nonsense, &byte, 1, 0) <= 0);
	leave(&viewer);
	close(silent);
	close(nonsense);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test-live-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	snprintf(camera.camera.name, sizeof(camera.camera.name), "test-live-%d", (int)getpid());
	config_ring_name(&camera, ring_name);
	log_set_level(LOG_ERROR);
	return 0;
}

static int remove_folder(void **state)
{
	remove_ring(state);
	unlink(socket_path);
	return rmdir(folder);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		CASE(frames_arrive_whole_and_in_order),
		CASE(every_size_around_a_record_arrives_whole),
		CASE(many_viewers_get_every_frame_whole),
		CASE(a_slow_viewer_gets_the_newest_frame_next),
		CASE(a_frame_that_is_written_over_never_passes_as_good),
		CASE(fps_thins_the_stream),
		CASE(the_last_frame_is_sent_again_when_no_other_comes),
		CASE(more_viewers_than_places_get_503_until_one_leaves),
		CASE(the_places_are_those_that_the_recorder_read_last),
		CASE(wrong_requests_get_their_status),
		CASE(the_end_of_the_input_may_come_behind_the_answer),
		CASE(head_is_answered_without_a_body),
		CASE(without_a_picture_or_a_recorder_there_is_503),
		CASE(a_picture_of_another_size_ends_the_stream),
		CASE(viewers_go_on_when_the_recorder_is_back_with_a_new_ring),
		cmocka_unit_test_setup_teardown(streams_end_when_the_recorder_stays_away, start_impatient, stop),
		CASE(stopping_ends_every_stream),
		CASE(a_silent_or_nonsensical_peer_disturbs_nobody),
	};
	return cmocka_run_group_tests_name("live", tests, make_folder, remove_folder);
}
