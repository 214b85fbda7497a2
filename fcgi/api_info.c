/*
 * api_info.c - GET /camera_info: the camera as the recorder published it. The camera itself is never touched.
 */
#include <json-c/json.h>
#include <stdlib.h>

#include "fcgi/api_answer.h"
#include "fcgi/api_controls.h"
#include "fcgi/api_route.h"
#include "shared/state_json.h"

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

void handle_camera_info(struct api_request *request)
{
	struct recorder_state state;
	struct json_object *json;

	if (!camera_state(request->camera, &state)) {
		answer_busy(request, 2, "The recorder is not running: nothing is known of the camera now.");
		return;
	}
	const struct ring_reader *ring = request->camera->ring;
	json = state_json(request->camera->config->camera.name, ring, &state);
	add_devices(json, ring, &state);
	answer_json(request, 200, NULL, json);
}
