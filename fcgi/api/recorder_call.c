/* recorder_call.c - one request to the running recorder of a camera. */
#include "fcgi/api/recorder_call.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/server/response.h"
#include "shared/ring/control.h"
#include "shared/text/json_value.h"

struct control_call {
	int fd;
	int limit_ms;
	size_t length;
	char line[CONTROL_LINE_BYTES];
};

static void call_free(void *work)
{
	struct control_call *call = work;

	if (call->fd >= 0)
		close(call->fd);
	free(call);
}

static void respond_timeout(struct api_request *request)
{
	respond_unavailable(
		request, 2,
		"The recorder or its camera did not respond in time. /camera_info shows whether the change was made.");
}

static void respond_not_running(struct api_request *request)
{
	respond_unavailable(request, 2, "The recorder is not running, or does not accept changes from this user.");
}

/* `reply`: the recorder's reply, or NULL if it makes no sense. */
static void respond_outcome(struct api_request *request, struct json_object *reply)
{
	const char *outcome = json_object_get_string(json_object_object_get(reply, "outcome"));
	const char *sentence = json_object_get_string(json_object_object_get(reply, "sentence"));
	char text[400];

	if (outcome && strcmp(outcome, "done") == 0) {
		json_object_object_del(reply, "outcome");
		json_object_object_add(reply, "camera", json_string_or_null(request->camera->config->camera.name));
		respond_json(request, 200, NULL, json_object_get(reply));
		return;
	}
	if (sentence)
		snprintf(text, sizeof(text), "The recorder did not make the change: %s.", sentence);
	else
		snprintf(text, sizeof(text), "Unexpected reply from the recorder.");
	if (outcome && strcmp(outcome, "refused") == 0)
		respond_problem(request, 400, NULL, "%s", text);
	else if (outcome && strcmp(outcome, "unwritable") == 0)
		respond_problem(request, 409, NULL, "%s", text);
	else
		respond_unavailable(request, 2, text);
}

static void respond_line(struct api_request *request, const struct control_call *call)
{
	struct json_object *reply = json_tokener_parse(call->line);

	respond_outcome(request, json_object_is_type(reply, json_type_object) ? reply : NULL);
	json_object_put(reply);
}

static void read_reply(struct api_request *request)
{
	struct control_call *call = request->work;
	ssize_t got = recv(call->fd, call->line + call->length, sizeof(call->line) - call->length, MSG_DONTWAIT);
	int64_t left_us = request->arrived.us + call->limit_ms * US_PER_MS - mono_now().us;

	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		respond_timeout(request);
		return;
	}
	call->length += got > 0 ? (size_t)got : 0;
	char *end = memchr(call->line, '\n', call->length);
	if (end) {
		*end = '\0';
		respond_line(request, call);
	} else if (left_us <= 0 || call->length == sizeof(call->line)) {
		respond_timeout(request);
	} else if (!api_wait_fd(request, call->fd, (int)(left_us / US_PER_MS) + 1, read_reply)) {
		respond_failure(request, "wait for the recorder", errno);
	}
}

/* Does not block: an empty socket takes far more than one line, and without a recorder connect(2) fails at once. */
static bool send_line(const struct api_request *request, struct control_call *call, struct json_object *json)
{
	const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	size_t length = strlen(text);
	struct sockaddr_un address;
	socklen_t bytes = control_address(request->camera->config->camera.name, &address);

	call->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return bytes > 0 && length < CONTROL_LINE_BYTES && call->fd >= 0 &&
	       connect(call->fd, (const struct sockaddr *)&address, bytes) == 0 &&
	       send(call->fd, text, length, MSG_NOSIGNAL) == (ssize_t)length &&
	       send(call->fd, "\n", 1, MSG_NOSIGNAL) == 1;
}

void recorder_call(struct api_request *request, struct json_object *json, int limit_ms)
{
	struct control_call *call = calloc(1, sizeof(*call));

	if (!call) {
		json_object_put(json);
		respond_failure(request, "make the change", ENOMEM);
		return;
	}
	call->limit_ms = limit_ms;
	request->work = call;
	request->work_free = call_free;
	if (send_line(request, call, json))
		read_reply(request);
	else
		respond_not_running(request);
	json_object_put(json);
}
