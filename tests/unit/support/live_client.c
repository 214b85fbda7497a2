/* live_client.c - a viewer of the live stream, for tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/fastcgi_client.h"
#include "tests/unit/support/live_client.h"
#include "tests/unit/support/ring_cases.h"

char live_socket_path[80];

struct viewer live_ask(const char *method, const char *uri)
{
	struct viewer viewer = {.fd = client_ask(live_socket_path, method, uri)};
	assert_true(viewer.fd >= 0);
	struct timeval limit = {.tv_sec = 60}; /* far more than anything here needs */
	setsockopt(viewer.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return viewer;
}

void live_leave(struct viewer *viewer)
{
	close(viewer->fd);
	buffer_free(&viewer->bytes);
}

/* Reads the stream up to and including `text`, as a string that the caller frees; NULL if the stream ends before. */
static char *take_until(struct viewer *viewer, const char *text)
{
	void *found;
	while (viewer->bytes.length == 0 ||
	       !(found = memmem(viewer->bytes.data, viewer->bytes.length, text, strlen(text)))) {
		viewer->last_type = client_read_record(viewer->fd, &viewer->bytes);
		if (viewer->last_type != FCGI_STDOUT)
			return NULL;
	}
	size_t length = (size_t)((uint8_t *)found - viewer->bytes.data) + strlen(text);
	char *taken = strndup((const char *)viewer->bytes.data, length);
	buffer_drop(&viewer->bytes, length);
	return taken;
}

struct viewer live_watch(const char *uri)
{
	struct viewer viewer = live_ask("GET", uri);
	char *headers = take_until(&viewer, "\r\n\r\n");
	if (!headers || !strstr(headers, "Status: 200"))
		fail_msg("%s", headers ? headers : "no answer");
	assert_non_null(strstr(headers, "multipart/x-mixed-replace; boundary=recorder-frame\r\n"));
	free(headers);
	char *boundary = take_until(&viewer, "--recorder-frame\r\n");
	assert_string_equal(boundary, "--recorder-frame\r\n");
	free(boundary);
	return viewer;
}

uint32_t live_next_frame(struct viewer *viewer)
{
	char *headers = take_until(viewer, "\r\n\r\n");
	if (!headers)
		return 0;
	unsigned length, seconds, micros;
	if (sscanf(headers, "Content-Type: image/jpeg\r\nContent-Length: %u\r\nX-Timestamp: %u.%u\r\n\r\n", &length,
		   &seconds, &micros) != 3)
		fail_msg("headers: %s", headers);
	free(headers);
	assert_int_equal(micros, 5);
	while (viewer->bytes.length < length) {
		viewer->last_type = client_read_record(viewer->fd, &viewer->bytes);
		if (viewer->last_type != FCGI_STDOUT)
			return 0;
	}
	assert_true(frame_is_intact(viewer->bytes.data, length));
	buffer_drop(&viewer->bytes, length);
	char *boundary = take_until(viewer, "--recorder-frame\r\n");
	if (boundary)
		assert_string_equal(boundary, "\r\n--recorder-frame\r\n");
	free(boundary);
	return boundary ? seconds : 0;
}

uint32_t live_frame_after(struct viewer *viewer, uint32_t last)
{
	uint32_t got;
	while ((got = live_next_frame(viewer)) == last)
		;
	return got;
}

int live_status_of(const char *method, const char *uri, char **headers)
{
	struct viewer viewer = live_ask(method, uri);
	*headers = take_until(&viewer, "\r\n\r\n");
	live_leave(&viewer);
	if (!*headers)
		fail_msg("%s", "no answer");
	return atoi(strstr(*headers, "Status: ") + 8);
}

void live_expect_status(const char *method, const char *uri, int status, const char *header)
{
	char *headers;
	assert_int_equal(live_status_of(method, uri, &headers), status);
	assert_non_null(strstr(headers, header));
	free(headers);
}
