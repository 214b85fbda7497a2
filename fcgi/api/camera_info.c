/* camera_info.c - GET /camera_info: the camera and its controls, as the recorder publishes them. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/api/remote_json.h"
#include "fcgi/api/route.h"
#include "fcgi/server/request_fetch.h"
#include "fcgi/server/response.h"
#include "shared/ring/shm_name.h"
#include "shared/ring/state_json.h"
#include "shared/text/json_value.h"

#define REMOTE_RECENT_US (60 * US_PER_S) /* asking for so much shows what the newest footage is */
#define SLOW_MILLI       900             /* thousandths of the negotiated rate; below that, the camera is slow */

/*
 * The control that lets a camera expose for longer than a frame period, if it is on. Older drivers name it
 * differently.
 */
static const char *slowing_control(struct json_object *controls)
{
	static const char *const names[] = {"exposure_dynamic_framerate", "exposure_auto_priority"};

	for (size_t i = 0; i < json_object_array_length(controls); i++) {
		struct json_object *control = json_object_array_get_idx(controls, i);
		const char *name = json_object_get_string(json_object_object_get(control, "name"));

		for (size_t k = 0; name && k < sizeof(names) / sizeof(names[0]); k++)
			if (strcmp(name, names[k]) == 0 &&
			    json_object_get_int(json_object_object_get(control, "value")) != 0)
				return names[k];
	}
	return NULL;
}

static void add_slow(struct json_object *json, struct json_object *controls, const struct recorder_state *state)
{
	uint64_t measured = state->measured_fps_milli;
	const char *name = slowing_control(controls);
	char text[320];

	if (!name || state->camera_state != CAMERA_STREAMING || measured == 0 ||
	    measured * 1000 >= (uint64_t)state->fps_milli * SLOW_MILLI)
		return;
	snprintf(text, sizeof(text),
		 "The camera delivers %.1f instead of %.1f frames per second: in the dark, %s lets it expose for "
		 "longer than a "
		 "frame period. More light helps, or %s = 0, which makes the pictures darker.",
		 (double)measured / 1000, state->fps_milli / 1000.0, name, name);
	json_object_object_add(json, "slow", json_object_new_string(text));
}

/*
 * Moves the controls of the camera's device to `json` as "controls", and adds "slow" if they explain a low frame
 * rate.
 */
static void controls_add(struct json_object *json, struct json_object *devices, const struct recorder_state *state)
{
	for (size_t i = 0; i < json_object_array_length(devices); i++) {
		struct json_object *device = json_object_array_get_idx(devices, i), *controls;

		if (!json_object_object_get_ex(device, "controls", &controls) ||
		    !json_object_is_type(controls, json_type_array))
			continue;
		json_object_object_add(json, "controls", json_object_get(controls));
		json_object_object_del(device, "controls");
		add_slow(json, controls, state);
		return;
	}
}

static void add_devices(struct json_object *json, const struct ring_reader *ring, const struct recorder_state *state)
{
	char *text = malloc(RING_DEVICES_BYTES);
	struct json_object *devices = NULL;

	if (text && ring_reader_devices(ring, text))
		devices = json_tokener_parse(text);
	if (devices && json_object_is_type(devices, json_type_array)) {
		controls_add(json, devices, state);
		json_object_object_add(json, "devices", devices);
	} else {
		json_object_put(devices);
	}
	free(text);
}

/* Of a camera of the store nothing is known but its footage. */
static void respond_remote(struct api_request *request)
{
	struct json_object *json = json_object_new_object();
	struct fetch_status status = {0};
	int folder = camera_open_recordings(request->camera);

	if (folder >= 0) {
		remote_camera_status(folder, &status);
		close(folder);
	}
	json_object_object_add(json, "available_cameras", json_object_new_array());
	json_object_object_add(json, "current_camera", NULL);
	json_object_object_add(json, "camera", json_string_or_null(request->camera->config->camera.name));
	json_object_object_add(json, "source", json_object_new_string("store"));
	json_object_object_add(json, "state", json_object_new_string("remote"));
	json_object_object_add(json, "remote", remote_json(&status));
	respond_json(request, 200, NULL, json);
}

/* What could not be asked for is in the answer: since when, and why. */
static void remote_asked(struct api_request *request)
{
	if (api_fetch_answer(request)->outcome == FETCH_UNKNOWN)
		respond_not_fetched(request);
	else
		respond_remote(request);
}

/*
 * What is black in the pictures, as the .ini has it. Nothing is said if the recorder has read another one: the pictures
 * would not be what it says.
 */
static void add_masks(struct json_object *json, const struct config *config, const struct ring_reader *ring)
{
	if (ring_reader_mask(ring) != config_mask_id(config))
		return;
	struct json_object *masks = json_object_new_array();
	for (size_t i = 0; i < config->mask_count; i++) {
		struct json_object *mask = json_object_new_object();
		json_object_object_add(mask, "name", json_object_new_string(config->masks[i].name));
		json_object_object_add(mask, "area", json_object_new_string(config->masks[i].area));
		json_object_array_add(masks, mask);
	}
	json_object_object_add(json, "masks", masks);
}

void handle_camera_info(struct api_request *request)
{
	struct recorder_state state;

	if (request->camera->config->remote) {
		api_fetch(request,
			  &(struct api_wanted){
				  .kind = FETCH_SPAN, .from = wall_now().us - REMOTE_RECENT_US, .to = INT64_MAX},
			  remote_asked);
		return;
	}
	if (!camera_state(request->camera, &state)) {
		struct reason why = {"The recorder is not running, so the state of the camera is unknown."};
		shm_name_is_foreign(request->camera->ring_name, &why);
		respond_unavailable(request, 2, why.text);
		return;
	}
	const struct ring_reader *ring = request->camera->ring;
	struct json_object *json = state_json(request->camera->config->camera.name, ring, &state);
	add_masks(json, request->camera->config, ring);
	add_devices(json, ring, &state);
	respond_json(request, 200, NULL, json);
}
