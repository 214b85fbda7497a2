/* health.c - GET /health: 200 while all that should be recorded is recorded, else 503, with the reasons. */
#include <json-c/json.h>
#include <stdio.h>

#include "fcgi/api/remote_json.h"
#include "fcgi/api/route.h"
#include "fcgi/auth/local_client.h"
#include "fcgi/sandbox/program_sandbox.h"
#include "fcgi/server/request_pass.h"
#include "fcgi/server/response.h"
#include "shared/ring/health.h"
#include "shared/ring/live_stats.h"
#include "shared/ring/shm_name.h"
#include "shared/ring/state_json.h"
#include "shared/text/json_value.h"

struct health {
	struct json_object *reasons, *warnings, *memory, *encoders, *remote;
	const char *camera; /* named at the beginning of each sentence; NULL: there is only one */
};

static void take_sentence(void *context, enum health_kind kind, const char *sentence)
{
	struct health *health = context;
	char text[600];

	snprintf(text, sizeof(text), "%s%s%s", health->camera ? health->camera : "", health->camera ? ": " : "",
		 sentence);
	json_object_array_add(kind == HEALTH_FAILURE ? health->reasons : health->warnings, json_string_or_null(text));
}

static void add_memory(struct json_object *list, const char *camera, const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();
	const char *limit = health_memory_limit(state);
	char words[HEALTH_MEMORY_TEXT_BYTES];

	health_memory_text(state, words);
	json_object_object_add(json, "camera", json_string_or_null(camera));
	json_object_object_add(json, "bytes", json_object_new_int64((int64_t)state->memory_bytes));
	json_object_object_add(json, "seconds", state->memory_holds_us ? json_seconds(state->memory_holds_us) : NULL);
	json_object_object_add(json, "wanted_seconds", json_seconds(state->memory_wanted_us));
	json_object_object_add(json, "limited_by", limit ? json_object_new_string(limit) : NULL);
	json_object_object_add(json, "text", json_string_or_null(words));
	json_object_array_add(list, json);
}

/* Adds the sandbox of a recorder's FFmpeg. */
static void add_encoder(struct json_object *list, const char *camera, const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "camera", json_string_or_null(camera));
	state_json_add_sandbox(json, state);
	json_object_array_add(list, json);
}

static void check_archive(struct health *health, const struct api_request *request, const struct api_camera *camera)
{
	int64_t hangs_us = api_archive_hangs_us(request, camera);
	char sentence[160];

	if (hangs_us == 0)
		return;
	snprintf(sentence, sizeof(sentence),
		 "The archive does not respond to reads: its disk has been hanging for %d s.",
		 (int)(hangs_us / US_PER_S));
	take_sentence(health, HEALTH_WARNING, sentence);
}

/* A camera of the store: whether it is recorded is for its recorder to say. */
static void check_remote(struct health *health, const struct api_request *request, const struct api_camera *camera)
{
	const char *name = camera->config->camera.name;
	char text[REMOTE_TEXT_BYTES];
	struct fetch_status status;

	if (!remote_board_find(&api_shared(request)->remote, name, &status))
		take_sentence(health, HEALTH_WARNING, "recorder-fetch has not said yet what the store has of it.");
	struct json_object *json = remote_json(&status);
	json_object_object_add(json, "camera", json_string_or_null(name));
	json_object_array_add(health->remote, json);
	remote_text(&status, text);
	if (status.failing_since_wall_us != 0)
		take_sentence(health, HEALTH_WARNING, text);
}

static void check_camera(struct health *health, const struct api_request *request, struct api_camera *camera)
{
	struct recorder_state state;
	bool runs = camera_state(camera, &state);

	struct reason foreign;
	if (!runs && shm_name_is_foreign(camera->ring_name, &foreign))
		take_sentence(health, HEALTH_FAILURE, foreign.text);
	else
		health_check(runs ? &state : NULL, &(struct health_listener){take_sentence, health});
	if (runs && state.memory_bytes > 0)
		add_memory(health->memory, camera->config->camera.name, &state);
	if (runs)
		add_encoder(health->encoders, camera->config->camera.name, &state);
	check_archive(health, request, camera);
	struct reason displaced;
	if (live_stats_name_taken(camera->config, &displaced))
		take_sentence(health, HEALTH_WARNING, displaced.text);
}

/* The names that camera= takes, whether their recorders are running or not. */
static struct json_object *camera_names(const struct api_request *request)
{
	struct json_object *names = json_object_new_array();

	for (size_t i = 0; i < request->camera_count; i++)
		if (!request->cameras[i].config->viewer && api_may_see_camera(request, i))
			json_object_array_add(names, json_object_new_string(request->cameras[i].config->camera.name));
	return names;
}

static struct json_object *sandbox(const struct sandbox_state *state, struct json_object *encoders)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "landlock", state->landlock ? json_object_new_int(state->landlock) : NULL);
	json_object_object_add(json, "seccomp", json_object_new_boolean(state->seccomp));
	json_object_object_add(json, "encoders", encoders);
	return json;
}

void handle_health(struct api_request *request)
{
	struct health health = {.reasons = json_object_new_array(),
				.warnings = json_object_new_array(),
				.memory = json_object_new_array(),
				.encoders = json_object_new_array(),
				.remote = json_object_new_array()};
	struct json_object *json = json_object_new_object();

	for (size_t i = 0; i < request->camera_count; i++) {
		struct api_camera *camera = &request->cameras[i];
		if ((request->camera_named && camera != request->camera) || !api_may_see_camera(request, i))
			continue;
		health.camera = request->camera_count > 1 ? camera->config->camera.name : NULL;
		if (camera->config->viewer)
			take_sentence(
				&health, HEALTH_WARNING,
				"This machine has no camera, and recorder-fetch has found none in the store yet.");
		else if (camera->config->remote)
			check_remote(&health, request, camera);
		else
			check_camera(&health, request, camera);
	}
	bool failed = json_object_array_length(health.reasons) > 0;
	bool warned = json_object_array_length(health.warnings) > 0;
	json_object_object_add(json, "status", json_object_new_string(failed ? "failed" : warned ? "warning" : "ok"));
	json_object_object_add(json, "reasons", health.reasons);
	json_object_object_add(json, "warnings", health.warnings);
	json_object_object_add(json, "memory", health.memory);
	json_object_object_add(json, "remote", health.remote);
	json_object_object_add(json, "cameras", camera_names(request));
	json_object_object_add(json, "allow_control",
			       json_object_new_boolean(local_client_may_control(
				       request->fcgi, request->camera->config->http.allow_control)));
	json_object_object_add(json, "sandbox", sandbox(api_sandbox(request), health.encoders));
	respond_json(request, failed ? 503 : 200, NULL, json);
}
