/* test_live_events.c - notifications from their ring to clients that read as a web server does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/ring/shm_name.h"
#include "tests/unit/support/event_cases.h"
#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/live_server.h"

static struct event_block block;

/* The id of a notification of this series; valid until the next call. */
static const char *id_of(uint64_t number)
{
	static char id[NOTIFICATION_ID_BYTES];

	notification_id_format(event_recorder.series, number, id);
	return id;
}

static void a_client_is_told_what_holds_and_then_what_happens(void **state)
{
	(void)state;
	struct viewer viewer = event_watch("/events/live", NULL);
	assert_true(event_read(&viewer, &block));
	assert_true(event_read(&viewer, &block));
	assert_string_equal(block.event, "state");
	assert_string_equal(block.id, id_of(1));
	assert_non_null(strstr(block.data, "\"running\":true,\"notifications\":true,\"motion\":false"));
	assert_non_null(strstr(block.data, "\"state\":\"streaming\",\"recording\":\"recording\""));
	tell(NOTIFY_CAMERA_LOST, 3);
	event_read_until(&viewer, "camera-lost", &block);
	assert_string_equal(block.data, "{\"event\":\"camera-lost\",\"number\":2,\"text\":\"   \"}");
	assert_string_equal(block.id, id_of(2));
	tell(NOTIFY_CAMERA_BACK, 0);
	event_expect(&viewer, NOTIFY_CAMERA_BACK, 3);
	live_leave(&viewer);
}

static void the_state_says_whether_something_moves(void **state)
{
	(void)state;
	tell(NOTIFY_MOTION_START, 0);
	tell(NOTIFY_SEGMENT, 0);
	struct viewer viewer = event_watch("/events/live", NULL);
	event_read_until(&viewer, "state", &block);
	assert_non_null(strstr(block.data, "\"motion\":true"));
	live_leave(&viewer);
	tell(NOTIFY_MOTION_END, 0);
	viewer = event_watch("/events/live", NULL);
	event_read_until(&viewer, "state", &block);
	assert_non_null(strstr(block.data, "\"motion\":false"));
	live_leave(&viewer);
}

static void a_client_gets_the_kinds_that_it_asks_for(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live?events=disk-failing,segment");
	tell(NOTIFY_CAMERA_LOST, 0);
	tell(NOTIFY_SEGMENT, 0);
	tell(NOTIFY_STOPPING, 0);
	tell(NOTIFY_DISK_FAILING, 0);
	event_expect(&viewer, NOTIFY_SEGMENT, 3);
	event_expect(&viewer, NOTIFY_DISK_FAILING, 5);
	live_leave(&viewer);
}

static void wrong_requests_get_their_status(void **state)
{
	static const char *const wrong[] = {"events=motion",  "events=",      "events=segment,", "area=.1,.1",
					    "strength=none",  "join=0",       "last_event_id=5", "events=%00",
					    "last_event_id=", "area=9,9,9,9", "fps=5",           "events=a&events=b",
					    "join=9999"};
	char uri[128];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(uri, sizeof(uri), "/events/live?%s", wrong[i]);
		live_expect_status("GET", uri, 400, "application/problem+json");
	}
	live_expect_status("GET", "/events/live?camera=other", 404, "application/problem+json");
	live_expect_status("POST", "/events/live", 405, "Allow: GET, HEAD");
	live_expect_status("HEAD", "/events/live", 200, "Content-Type: text/event-stream\r\n");
	live_expect_status("HEAD", "/events/live", 200, "Cache-Control: no-store");
	live_expect_status("HEAD", "/events/live", 200, "X-Accel-Buffering: no\r\n");
	live_expect_status("HEAD", "/events/live?events=x", 400, "application/problem+json");
}

static void a_client_that_comes_back_gets_what_it_missed(void **state)
{
	char uri[128];

	(void)state;
	for (int i = 2; i <= 6; i++)
		tell(NOTIFY_SEGMENT, 0);
	struct viewer viewer = event_watch("/events/live", id_of(3));
	for (uint64_t number = 4; number <= 6; number++)
		event_expect(&viewer, NOTIFY_SEGMENT, number);
	assert_true(event_read(&viewer, &block));
	assert_string_equal(block.event, "state");
	assert_string_equal(block.id, id_of(6));
	live_leave(&viewer);
	/* The header of a browser that connects again is newer than the address. */
	snprintf(uri, sizeof(uri), "/events/live?last_event_id=%s", id_of(2));
	viewer = event_watch(uri, id_of(5));
	event_expect(&viewer, NOTIFY_SEGMENT, 6);
	live_leave(&viewer);
	viewer = event_watch(uri, NULL);
	event_expect(&viewer, NOTIFY_SEGMENT, 3);
	live_leave(&viewer);
}

static void an_id_that_is_too_old_gets_the_count_of_what_is_lost(void **state)
{
	uint64_t lost, first;

	(void)state;
	for (int i = 2; i <= 3000; i++)
		tell(NOTIFY_SEGMENT, 0);
	struct viewer viewer = event_watch("/events/live", id_of(10));
	event_read_until(&viewer, "lost", &block);
	assert_int_equal(sscanf(strstr(block.data, "\"count\":"), "\"count\":%" SCNu64, &lost), 1);
	assert_string_equal(block.id, "");
	assert_true(event_read(&viewer, &block));
	assert_string_equal(block.event, "segment");
	assert_int_equal(sscanf(strstr(block.data, "\"number\":"), "\"number\":%" SCNu64, &first), 1);
	assert_int_equal(10 + lost + 1, first);
	assert_true(first <= 3000 - NOTIFICATION_RING_HOLDS + 1);
	for (uint64_t number = first + 1; number <= 3000; number++)
		event_expect(&viewer, NOTIFY_SEGMENT, number);
	live_leave(&viewer);
}

static void nobody_knows_what_followed_an_id_of_another_series(void **state)
{
	static const char *const unknown[] = {"0123456789abcdef-1", "17", "nonsense"};

	(void)state;
	tell(NOTIFY_SEGMENT, 0);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct viewer viewer = event_watch("/events/live", unknown[i]);
		event_read_until(&viewer, "lost", &block);
		assert_non_null(strstr(block.data, "\"count\":null"));
		assert_true(event_read(&viewer, &block));
		assert_string_equal(block.event, "state");
		assert_string_equal(block.id, id_of(2));
		live_leave(&viewer);
	}
	struct viewer viewer = event_watch("/events/live", id_of(99));
	event_read_until(&viewer, "lost", &block);
	assert_non_null(strstr(block.data, "\"count\":null"));
	live_leave(&viewer);
}

/* The sockets hold some tens of kilobytes, and the feed a thousand notifications. */
static void a_client_that_does_not_read_loses_some_and_is_told_how_many(void **state)
{
	uint64_t expected = 2, lost = 0;

	(void)state;
	struct viewer stalled = event_watch_from_now("/events/live");
	struct viewer reading = event_watch_from_now("/events/live");
	for (uint64_t number = 2; number <= 4000; number++) {
		tell(NOTIFY_SEGMENT, 500);
		event_expect(&reading, NOTIFY_SEGMENT, number);
	}
	while (expected <= 4000) {
		uint64_t number, count;
		assert_true(event_read(&stalled, &block));
		if (strcmp(block.event, "lost") == 0) {
			assert_int_equal(sscanf(strstr(block.data, "\"count\":"), "\"count\":%" SCNu64, &count), 1);
			lost += count;
			expected += count;
		} else if (strcmp(block.event, "segment") == 0) {
			assert_int_equal(sscanf(strstr(block.data, "\"number\":"), "\"number\":%" SCNu64, &number), 1);
			assert_int_equal(number, expected);
			expected++;
		}
	}
	assert_true(lost > 2000);
	event_read_until(&stalled, "state", &block);
	live_leave(&stalled);
	live_leave(&reading);
}

static void the_stream_goes_on_with_the_next_recorder(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live");
	tell(NOTIFY_STOPPING, 0);
	event_recorder_detach();
	event_recorder_attach();
	tell(NOTIFY_STARTED, 0);
	event_expect(&viewer, NOTIFY_STOPPING, 2);
	event_expect(&viewer, NOTIFY_STARTED, 3);
	live_leave(&viewer);
}

/* A stop for good frees the rings. */
static void a_new_series_is_no_loss(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live");
	tell(NOTIFY_STOPPING, 0);
	uint64_t series = event_recorder.series;
	notification_writer_close(event_recorder.notifications);
	event_expect(&viewer, NOTIFY_STOPPING, 2);
	event_recorder.notifications = notification_writer_open(ring_case.name);
	tell(NOTIFY_STARTED, 0);
	assert_int_not_equal(event_recorder.series, series);
	event_expect(&viewer, NOTIFY_STARTED, 1);
	live_leave(&viewer);
}

static void another_recorder_live_continues_where_the_client_was(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live");
	tell(NOTIFY_SEGMENT, 0);
	event_read_until(&viewer, "segment", &block);
	live_server_stop();
	while (event_read(&viewer, &block))
		;
	live_leave(&viewer);
	tell(NOTIFY_DISK_FAILING, 0);
	assert_int_equal(live_server_serve(), 0);
	viewer = event_watch("/events/live", id_of(2));
	event_expect(&viewer, NOTIFY_DISK_FAILING, 3);
	live_leave(&viewer);
}

static void a_recorder_that_goes_and_comes_back_is_told(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live");
	ring_writer_close(live_server.recorder);
	do
		event_read_until(&viewer, "state", &block);
	while (strstr(block.data, "\"running\":true"));
	assert_non_null(strstr(block.data, "\"motion\":null,\"state\":null,\"recording\":null"));
	struct viewer late = event_watch("/events/live", NULL);
	event_read_until(&late, "state", &block);
	assert_non_null(strstr(block.data, "\"running\":false"));
	live_server_start_recorder();
	do {
		live_server_publish();
		event_read_until(&viewer, "state", &block);
	} while (strstr(block.data, "\"running\":false"));
	event_read_until(&late, "state", &block);
	tell(NOTIFY_STARTED, 0);
	event_expect(&viewer, NOTIFY_STARTED, 2);
	event_expect(&late, NOTIFY_STARTED, 2);
	live_leave(&viewer);
	live_leave(&late);
}

static int start_chatty(void **state)
{
	live_server.silence_us = 20 * US_PER_MS;
	return event_cases_start(state);
}

/* So a client that asked for rare events does not come back with an old id. */
static void a_silence_is_broken_by_the_id_of_what_was_passed_over(void **state)
{
	(void)state;
	struct viewer viewer = event_watch_from_now("/events/live?events=disk-failing");
	tell(NOTIFY_SEGMENT, 0);
	do {
		assert_true(event_read(&viewer, &block));
		assert_true(*block.event == '\0' || strcmp(block.event, "state") == 0);
	} while (strcmp(block.id, id_of(2)) != 0);
	live_leave(&viewer);
}

static void more_clients_than_allowed_get_503_and_viewers_do_not_count(void **state)
{
	struct viewer clients[3];
	char *headers;
	int status;

	(void)state;
	live_server.max_event_clients = 2;
	live_server.max_viewers = 1;
	live_server_publish();
	struct viewer picture = live_watch("/stream");
	for (int i = 0; i < 2; i++)
		clients[i] = event_watch_from_now("/events/live");
	live_expect_status("GET", "/events/live", 503, "Retry-After: ");
	live_expect_status("HEAD", "/events/live", 200, "text/event-stream");
	live_expect_status("HEAD", "/stream", 200, "multipart/");
	live_leave(&clients[0]);
	do {
		status = live_status_of("GET", "/events/live", &headers);
		free(headers);
	} while (status == 503);
	assert_int_equal(status, 200);
	live_leave(&clients[1]);
	live_leave(&picture);
}

/* It may be a program of this user that has gone mad. */
static void bytes_that_are_no_notifications_are_a_loss(void **state)
{
	char name[NOTIFICATION_RING_NAME_BYTES];
	uint8_t record[NOTIFICATION_RECORD_MAX];
	struct ring_request request = {
		.name = name, .data_bytes = MIB, .index_entries = 64, .keep_us = 3600 * US_PER_S};
	struct notification_record head = {.magic = NOTIFICATION_RECORD_MAGIC, .series = 7, .number = 1, .wall_us = 1};
	static const char *const texts[] = {"{\"a\":1}", "{\n}", "{\"\xff\"}", "no", "{\"a\":2}"};
	uint64_t got, adopted;

	(void)state;
	notification_ring_name(ring_case.name, name);
	notification_writer_close(event_recorder.notifications);
	event_recorder.notifications = NULL;
	struct ring_writer *writer = ring_writer_open(&request, &got, &adopted, &ring_case.why);
	assert_non_null(writer);
	struct viewer viewer = event_watch_from_now("/events/live");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++, head.number++) {
		struct ring_meta meta = {.wall_us = 1, .mono_us = mono_now().us, .epoch = 1};
		head.json_bytes = (uint32_t)strlen(texts[i]);
		memcpy(record, &head, sizeof(head));
		memcpy(record + sizeof(head), texts[i], head.json_bytes);
		ring_writer_put(writer, &meta, &(struct iovec){record, sizeof(head) + head.json_bytes}, 1);
	}
	event_read_until(&viewer, "started", &block);
	assert_string_equal(block.data, "{\"a\":1}");
	event_read_until(&viewer, "lost", &block);
	assert_non_null(strstr(block.data, "\"count\":3"));
	event_read_until(&viewer, "started", &block);
	assert_string_equal(block.data, "{\"a\":2}");
	live_leave(&viewer);
	ring_writer_close(writer);
}

#define EVENT_CASE(name) cmocka_unit_test_setup_teardown(name, event_cases_start, event_cases_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EVENT_CASE(a_client_is_told_what_holds_and_then_what_happens),
		EVENT_CASE(the_state_says_whether_something_moves),
		EVENT_CASE(a_client_gets_the_kinds_that_it_asks_for),
		EVENT_CASE(wrong_requests_get_their_status),
		EVENT_CASE(a_client_that_comes_back_gets_what_it_missed),
		EVENT_CASE(an_id_that_is_too_old_gets_the_count_of_what_is_lost),
		EVENT_CASE(nobody_knows_what_followed_an_id_of_another_series),
		EVENT_CASE(a_client_that_does_not_read_loses_some_and_is_told_how_many),
		EVENT_CASE(the_stream_goes_on_with_the_next_recorder),
		EVENT_CASE(a_new_series_is_no_loss),
		EVENT_CASE(another_recorder_live_continues_where_the_client_was),
		EVENT_CASE(a_recorder_that_goes_and_comes_back_is_told),
		cmocka_unit_test_setup_teardown(a_silence_is_broken_by_the_id_of_what_was_passed_over, start_chatty,
						event_cases_stop),
		EVENT_CASE(more_clients_than_allowed_get_503_and_viewers_do_not_count),
		EVENT_CASE(bytes_that_are_no_notifications_are_a_loss),
	};

	return cmocka_run_group_tests(tests, live_server_make_folder, live_server_remove_folder);
}
