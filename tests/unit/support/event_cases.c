/* event_cases.c - server-sent events for tests. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fastcgi.h>

#include "tests/unit/support/event_cases.h"
#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/live_server.h"

struct event_recorder event_recorder;

void event_recorder_attach(void)
{
	event_recorder.notifications = notification_writer_open(ring_case.name);
	event_recorder.seconds = motion_ring_writer_open(ring_case.name);
	assert_non_null(event_recorder.notifications);
	assert_non_null(event_recorder.seconds);
}

void event_recorder_detach(void)
{
	notification_writer_detach(event_recorder.notifications);
	motion_ring_writer_detach(event_recorder.seconds);
	event_recorder.notifications = NULL;
	event_recorder.seconds = NULL;
}

static void remove_rings(void)
{
	char name[NOTIFICATION_RING_NAME_BYTES];

	notification_ring_name(ring_case.name, name);
	shm_unlink(name);
	motion_ring_name(ring_case.name, name);
	shm_unlink(name);
}

int event_cases_start(void **state)
{
	remove_rings();
	event_recorder = (struct event_recorder){0};
	event_recorder_attach();
	if (live_server_start(state) != 0)
		return -1;
	record_frame(1); /* so that the recorder is alive */
	tell(NOTIFY_STARTED, 0);
	return 0;
}

int event_cases_stop(void **state)
{
	int failed = live_server_tear_down(state);

	notification_writer_close(event_recorder.notifications);
	motion_ring_writer_close(event_recorder.seconds);
	live_server.silence_us = 0;
	live_server.max_event_clients = 0;
	client_from = (struct client_from){0};
	return failed;
}

void tell(enum notification_kind kind, size_t filling)
{
	char json[NOTIFICATION_JSON_MAX + 1];
	const uint8_t *unused;

	notification_writer_next(event_recorder.notifications, &event_recorder.series, &event_recorder.number);
	int length = snprintf(json, sizeof(json), "{\"event\":\"%s\",\"number\":%" PRIu64 ",\"text\":\"%*s\"}",
			      notification_kind_text(kind), event_recorder.number, (int)filling, "");
	assert_true(notification_writer_put(event_recorder.notifications, kind, wall_now(), json, (size_t)length,
					    &unused) > 0);
}

void pass_second(int64_t second, int column, enum motion_strength strength)
{
	struct motion_record record = {.second = second, .frames = 5};

	motion_cells_raise(&record.cells, column, 0, strength);
	record.moving_cells = (uint16_t)motion_cells_count(&record.cells);
	motion_record_seal(&record, 0);
	motion_ring_writer_put(event_recorder.seconds, &record);
}

static bool read_through(struct viewer *viewer, const char *text, size_t *length)
{
	void *found;

	while (viewer->bytes.length == 0 ||
	       !(found = memmem(viewer->bytes.data, viewer->bytes.length, text, strlen(text)))) {
		viewer->last_type = client_read_record(viewer->fd, &viewer->bytes);
		if (viewer->last_type != FCGI_STDOUT)
			return false;
	}
	*length = (size_t)((uint8_t *)found - viewer->bytes.data) + strlen(text);
	return true;
}

struct viewer event_watch(const char *uri, const char *last_event_id)
{
	const char *const also[] = {"HTTP_LAST_EVENT_ID", last_event_id, NULL};
	size_t length;

	client_from.also = last_event_id ? also : NULL;
	struct viewer viewer = live_ask("GET", uri);
	client_from.also = NULL;
	assert_true(read_through(&viewer, "\r\n\r\n", &length));
	viewer.bytes.data[length - 1] = '\0';
	if (!strstr((char *)viewer.bytes.data, "Status: 200") ||
	    !strstr((char *)viewer.bytes.data, "Content-Type: text/event-stream\r\n"))
		fail_msg("%s", viewer.bytes.data);
	buffer_drop(&viewer.bytes, length);
	return viewer;
}

static void take_line(const char *line, const char *field, char *out, size_t bytes)
{
	size_t length = strlen(field);

	if (strncmp(line, field, length) == 0)
		snprintf(out, bytes, "%s", line + length);
}

bool event_read(struct viewer *viewer, struct event_block *out)
{
	size_t length;

	*out = (struct event_block){0};
	if (!read_through(viewer, "\n\n", &length))
		return false;
	char *text = strndup((char *)viewer->bytes.data, length - 1), *rest = text;
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		take_line(line, "event: ", out->event, sizeof(out->event));
		take_line(line, "id: ", out->id, sizeof(out->id));
		take_line(line, "data: ", out->data, sizeof(out->data));
	}
	free(text);
	buffer_drop(&viewer->bytes, length);
	return true;
}

void event_read_until(struct viewer *viewer, const char *event, struct event_block *out)
{
	do
		assert_true(event_read(viewer, out));
	while (strcmp(out->event, event) != 0);
}

struct viewer event_watch_from_now(const char *uri)
{
	struct viewer viewer = event_watch(uri, NULL);
	struct event_block block;

	assert_true(event_read(&viewer, &block)); /* retry */
	assert_string_equal(block.event, "");
	assert_true(event_read(&viewer, &block));
	assert_string_equal(block.event, "state");
	return viewer;
}

void event_expect(struct viewer *viewer, enum notification_kind kind, uint64_t number)
{
	struct event_block block;
	uint64_t series, got;

	do
		assert_true(event_read(viewer, &block));
	while (strcmp(block.event, "state") == 0 || *block.event == '\0');
	assert_string_equal(block.event, notification_kind_text(kind));
	block.id[strcspn(block.id, "@")] = '\0';
	assert_true(notification_id_parse(block.id, &series, &got));
	assert_int_equal(got, number);
	assert_int_equal(series, event_recorder.series);
}
