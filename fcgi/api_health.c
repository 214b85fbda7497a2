/*
 * api_health.c - GET /health: 200 while what should be recorded is, else 503, with the reasons. Without camera= of all
 * cameras.
 */
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>

#include "fcgi/api_answer.h"
#include "shared/json_value.h"
#include "fcgi/api_route.h"

#define BEHIND_WARN_US (10 * US_PER_S)

struct health {
	struct json_object *reasons, *warnings;
	const char *camera; /* named in front of each sentence where there are several */
};

static void say(const struct health *health, struct json_object *list, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct health *health, struct json_object *list, const char *format, ...)
{
	char text[512];
	int length = health->camera ? snprintf(text, sizeof(text), "%s: ", health->camera) : 0;
	va_list args;

	va_start(args, format);
	vsnprintf(text + length, sizeof(text) - (size_t)length, format, args);
	va_end(args);
	json_object_array_add(list, json_text(text));
}

/* A machine that is too slow loses nothing of the live view and the memory; what to change is for people to say. */
static void check_encoder(const struct health *health, const struct recorder_state *state)
{
	bool thins = state->encoder_keep_milli > 0 && state->encoder_keep_milli < 1000;

	if (thins)
		say(health, health->warnings,
		    "This machine encodes %u %% of the frames and leaves the others out (%llu so far): a faster "
		    "record.preset, a smaller picture or camera.fps, a hardware record.encoder, or record.codec = "
		    "mjpeg "
		    "would help.",
		    (state->encoder_keep_milli + 5) / 10, (unsigned long long)state->thinned);
	else if (state->encoder_behind_us > BEHIND_WARN_US)
		say(health, health->warnings, "The encoder is %lld s behind the camera.",
		    (long long)(state->encoder_behind_us / US_PER_S));
}

static void check_recording(const struct health *health, const struct recorder_state *state)
{
	switch (state->recording_state) {
	case RECORDING_ENCODER:
		say(health, health->reasons, "The encoder is down and being restarted; nothing is recorded.");
		break;
	case RECORDING_DISK:
		say(health, health->reasons, "The disk does not take the recording: %s",
		    *state->disk_error ? state->disk_error : "no reason is known.");
		break;
	case RECORDING_OFF:
		say(health, health->warnings, "Recording is switched off.");
		break;
	default:
		break;
	}
	check_encoder(health, state);
	if (state->clock_unsure)
		say(health, health->warnings,
		    "The clock was set by more than an hour, and nobody synchronised it: recordings are kept for "
		    "longer "
		    "than retention.hours.");
}

static void check_camera(struct health *health, struct api_camera *camera)
{
	struct recorder_state state;

	if (!camera_state(camera, &state)) {
		say(health, health->reasons, "The recorder is not running.");
		return;
	}
	if (state.camera_state != CAMERA_STREAMING)
		say(health, health->reasons, "The camera is not streaming: %s.%s%s",
		    camera_state_text(state.camera_state), *state.last_error ? " " : "", state.last_error);
	if (state.source == SOURCE_TEST)
		say(health, health->warnings, "A test picture is recorded, not a camera.");
	else if (*state.configured)
		say(health, health->warnings, "The configured camera %s is missing; %s serves in its place.",
		    state.configured, state.device);
	check_recording(health, &state);
}

/* What ?camera= takes; known also while a recorder is down. */
static struct json_object *camera_names(const struct api_request *request)
{
	struct json_object *names = json_object_new_array();

	for (size_t i = 0; i < request->camera_count; i++)
		json_object_array_add(names, json_object_new_string(request->cameras[i].config->camera.name));
	return names;
}

void handle_health(struct api_request *request)
{
	struct health health = {json_object_new_array(), json_object_new_array(), NULL};
	struct json_object *json = json_object_new_object();

	for (size_t i = 0; i < request->camera_count; i++) {
		struct api_camera *camera = &request->cameras[i];
		if (request->camera_named && camera != request->camera)
			continue;
		health.camera = request->camera_count > 1 ? camera->config->camera.name : NULL;
		check_camera(&health, camera);
	}
	bool failed = json_object_array_length(health.reasons) > 0;
	bool warned = json_object_array_length(health.warnings) > 0;
	json_object_object_add(json, "status", json_object_new_string(failed ? "failed" : warned ? "warning" : "ok"));
	json_object_object_add(json, "reasons", health.reasons);
	json_object_object_add(json, "warnings", health.warnings);
	json_object_object_add(json, "cameras", camera_names(request));
	json_object_object_add(json, "allow_control",
			       json_object_new_boolean(request->camera->config->http.allow_control));
	answer_json(request, failed ? 503 : 200, NULL, json);
}
