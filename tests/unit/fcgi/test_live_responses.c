/* test_live_responses.c - who becomes a live viewer, and what other clients are told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/live_server.h"

static void more_viewers_than_allowed_get_503_until_one_leaves(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewers[3];
	for (int i = 0; i < 3; i++)
		viewers[i] = live_watch("/stream");
	live_expect_status("GET", "/stream", 503, "Retry-After: ");
	live_expect_status("GET", "/stream", 503, "application/problem+json");
	live_leave(&viewers[1]);
	char *headers;
	int status;
	do {
		status = live_status_of("GET", "/stream", &headers);
		free(headers);
	} while (status == 503);
	assert_int_equal(status, 200);
	assert_true(live_next_frame(&viewers[0]) > 0);
	live_leave(&viewers[0]);
	live_leave(&viewers[2]);
}

static void the_limit_is_the_one_that_the_recorder_read_last(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer first = live_watch("/stream");
	live_server.max_viewers = 1;
	live_server_publish();
	live_expect_status("GET", "/stream", 503, "Retry-After: ");
	live_server.max_viewers = 2;
	live_server_publish();
	struct viewer second = live_watch("/stream");
	live_leave(&first);
	live_leave(&second);
}

static int start_shared(void **state)
{
	live_server.camera.http.address_share = 75;
	return live_server_start(state);
}

static int start_hasty(void **state)
{
	live_server.camera.http.stall_seconds = 1;
	return live_server_start(state);
}

static int stop_limited(void **state)
{
	live_server.camera.http.address_share = live_server.camera.http.stall_seconds = 0;
	return live_server_tear_down(state);
}

/* 75 percent of four is three. */
static void one_address_cannot_have_all_viewers(void **state)
{
	struct viewer viewers[4];

	(void)state;
	live_server.max_viewers = 4;
	live_server_publish();
	record_frame(1);
	client_from.remote = "192.0.2.1";
	for (int i = 0; i < 3; i++)
		viewers[i] = live_watch("/stream");
	live_expect_status("GET", "/stream", 429, "Retry-After: ");
	live_expect_status("GET", "/stream", 429, "application/problem+json");
	live_expect_status("HEAD", "/stream", 200, "multipart/");
	client_from.remote = "192.0.2.2";
	viewers[3] = live_watch("/stream");
	live_expect_status("GET", "/stream", 503, "Retry-After: ");
	client_from.remote = "192.0.2.1";
	live_leave(&viewers[0]);
	char *headers;
	int status;
	do {
		status = live_status_of("GET", "/stream", &headers);
		free(headers);
	} while (status == 429);
	assert_int_equal(status, 200);
	for (int i = 1; i < 4; i++)
		live_leave(&viewers[i]);
	client_from.remote = NULL;
}

static void this_machine_is_exempt(void **state)
{
	struct viewer viewers[3];

	(void)state;
	record_frame(1);
	client_from.remote = "127.0.0.1";
	for (int i = 0; i < 3; i++)
		viewers[i] = live_watch("/stream");
	live_expect_status("GET", "/stream", 503, "Retry-After: ");
	for (int i = 0; i < 3; i++)
		live_leave(&viewers[i]);
	client_from.remote = NULL;
}

static void a_viewer_that_reads_nothing_is_cut_off(void **state)
{
	uint32_t n = 1;
	int status = 503;

	(void)state;
	live_server.max_viewers = 1;
	live_server_publish();
	record_frame(n);
	struct viewer idle = live_watch("/stream");
	for (int tries = 0; status == 503; tries++) {
		char *headers;
		assert_true(tries < 3000);
		record_frame(++n);
		status = live_status_of("GET", "/stream", &headers);
		free(headers);
		usleep(10000);
	}
	assert_int_equal(status, 200);
	live_leave(&idle);
}

static void wrong_requests_get_their_status(void **state)
{
	(void)state;
	record_frame(1);
	live_expect_status("GET", "/stream?camera=garden", 404, "problem+json");
	live_expect_status("GET", "/stream?camera=%zz", 404, "problem+json");
	live_expect_status("GET", "/elsewhere", 404, "problem+json");
	live_expect_status("GET", "/stream%00", 404, "problem+json");
	live_expect_status("GET", "/?action=command", 400, "problem+json");
	live_expect_status("GET", "/?action=", 400, "problem+json");
	live_expect_status("GET", "/stream?action=snapshot", 400, "problem+json");
	live_expect_status("GET", "/video?fp=5", 400, "problem+json");
	static const char *const streams[] = {"/", "/?action=stream&17", "/stream.mjpg?t=17", "/video?rnd=0.5"};
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		live_expect_status("HEAD", streams[i], 200, "multipart/x-mixed-replace");
	live_expect_status("POST", "/stream", 405, "Allow: GET, HEAD\r\n");
	static const char *const bad_fps[] = {"0",   "-1",  "241",  "abc", "",   "1e2",
					      "inf", "nan", "0x10", ".",   "5x", "0.5"};
	for (size_t i = 0; i < sizeof(bad_fps) / sizeof(bad_fps[0]); i++) {
		char uri[64];
		snprintf(uri, sizeof(uri), "/stream?fps=%s", bad_fps[i]);
		live_expect_status("GET", uri, 400, "problem+json");
	}
	static const char *const good_fps[] = {"1", "240", "12.5", "29.97"};
	for (size_t i = 0; i < sizeof(good_fps) / sizeof(good_fps[0]); i++) {
		char uri[64];
		snprintf(uri, sizeof(uri), "/stream?fps=%s", good_fps[i]);
		live_expect_status("HEAD", uri, 200, "multipart/x-mixed-replace");
	}
}

/* Reads a whole response, and checks that it is one frame with its length. */
static void expect_picture(struct viewer *viewer)
{
	assert_true(client_read_all(viewer->fd, &viewer->bytes));
	char *text = (char *)viewer->bytes.data, *body = strstr(text, "\r\n\r\n") + 4;
	char *type = strstr(text, "Content-Type: image/jpeg\r\nContent-Length: "),
	     *time = strstr(text, "X-Timestamp: 1970-");

	assert_true(type && type < body && time && time < body);
	size_t length = strtoul(strchr(strchr(type, '\n'), ' '), NULL, 10);
	assert_int_equal((size_t)(body - text) + length + 1, viewer->bytes.length);
	assert_true(frame_is_intact((uint8_t *)body, length));
	live_leave(viewer);
}

static void a_snapshot_is_one_frame_with_its_length(void **state)
{
	(void)state;
	record_frame_sized(1, 300, WIDTH);
	for (int i = 0; i < 20; i++) {
		struct viewer viewer = live_ask("GET", i % 2 ? "/?action=snapshot" : "/?action=snapshot&t=17");
		expect_picture(&viewer);
	}
	record_frame(2);
	for (int i = 0; i < 20; i++)
		assert_true(client_may_end_late(live_socket_path, "/?action=snapshot"));
	live_expect_status("HEAD", "/?action=snapshot", 200, "Content-Length: 150000\r\n");
}

/* It stays the frame that it was, and does not become a stream. */
static void a_snapshot_that_is_read_late_is_whole(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_ask("GET", "/?action=snapshot");
	uint8_t first[16];
	assert_int_equal(recv(viewer.fd, first, sizeof(first), MSG_PEEK | MSG_WAITALL), sizeof(first));
	struct viewer watcher = live_watch("/stream");
	for (uint32_t n = 2, last = 0; n < 5; n++) {
		record_frame(n);
		while (last < n)
			last = live_next_frame(&watcher);
	}
	live_leave(&watcher);
	expect_picture(&viewer);
}

static void a_snapshot_of_a_camera_that_has_stopped_is_503(void **state)
{
	static uint8_t bytes[300];
	struct ring_meta meta = {.wall_us = US_PER_S,
				 .mono_us = mono_now().us - 60 * US_PER_S,
				 .epoch = 1,
				 .width = WIDTH,
				 .height = 48};

	(void)state;
	make_frame(bytes, sizeof(bytes), 1);
	ring_writer_put(live_server.recorder, &meta, &(struct iovec){bytes, sizeof(bytes)}, 1);
	live_server_publish();
	live_expect_status("GET", "/?action=snapshot", 503, "Retry-After: ");
	live_expect_status("HEAD", "/?action=stream", 200, "multipart/");
}

static void the_input_may_end_after_the_response(void **state)
{
	(void)state;
	record_frame(1);
	for (int i = 0; i < 20; i++)
		assert_true(client_may_end_late(live_socket_path, "/elsewhere"));
}

static void head_gets_no_body(void **state)
{
	(void)state;
	record_frame(1);
	struct viewer viewer = live_ask("HEAD", "/stream");
	assert_true(client_read_all(viewer.fd, &viewer.bytes));
	const char *end = strstr((const char *)viewer.bytes.data, "\r\n\r\n");
	assert_string_equal(end, "\r\n\r\n");
	live_leave(&viewer);
}

static void without_a_frame_or_a_recorder_there_is_503(void **state)
{
	(void)state;
	live_expect_status("GET", "/stream", 503, "Retry-After: ");
	ring_writer_close(live_server.recorder);
	live_server.recorder = NULL;
	live_expect_status("GET", "/stream", 503, "Retry-After: ");
	live_expect_status("HEAD", "/stream", 503, "Retry-After: ");
}

static void silent_peers_and_nonsense_affect_no_viewer(void **state)
{
	(void)state;
	record_frame(1);
	int silent = client_connect(live_socket_path), nonsense = client_connect(live_socket_path);
	assert_true(send(nonsense, "GET / HTTP/1.0\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
	struct viewer viewer = live_watch("/stream");
	for (uint32_t n = 1; n <= 20; n++) {
		assert_int_equal(live_frame_after(&viewer, n - 1), n);
		record_frame(n + 1);
	}
	char byte;
	assert_true(recv(nonsense, &byte, 1, 0) <= 0);
	live_leave(&viewer);
	close(silent);
	close(nonsense);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(more_viewers_than_allowed_get_503_until_one_leaves),
		CASE(the_limit_is_the_one_that_the_recorder_read_last),
		cmocka_unit_test_setup_teardown(one_address_cannot_have_all_viewers, start_shared, stop_limited),
		cmocka_unit_test_setup_teardown(this_machine_is_exempt, start_shared, stop_limited),
		cmocka_unit_test_setup_teardown(a_viewer_that_reads_nothing_is_cut_off, start_hasty, stop_limited),
		CASE(wrong_requests_get_their_status),
		CASE(a_snapshot_is_one_frame_with_its_length),
		CASE(a_snapshot_that_is_read_late_is_whole),
		CASE(a_snapshot_of_a_camera_that_has_stopped_is_503),
		CASE(the_input_may_end_after_the_response),
		CASE(head_gets_no_body),
		CASE(without_a_frame_or_a_recorder_there_is_503),
		CASE(silent_peers_and_nonsense_affect_no_viewer),
	};

	return cmocka_run_group_tests_name("live_responses", tests, live_server_make_folder, live_server_remove_folder);
}
