/* state_json.c - the published state of a recorder as JSON. */
#include "shared/ring/state_json.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ring/health_disk.h"
#include "shared/text/json_value.h"

#define CAMERA_IDS_MAX (sizeof(((struct recorder_state *)0)->camera_ids) / sizeof(uint32_t))

/* The number N of /dev/videoN, otherwise the text itself ("test"); null if no device is in use. */
static struct json_object *current_camera(const struct recorder_state *state)
{
	const char *digits = strncmp(state->device, "/dev/video", 10) == 0 ? state->device + 10 : "";

	if (*digits && digits[strspn(digits, "0123456789")] == '\0')
		return json_object_new_int(atoi(digits));
	if (state->source == SOURCE_TEST)
		return json_object_new_string("test");
	return *state->device ? json_string_or_null(state->device) : NULL;
}

static struct json_object *camera_ids(const struct recorder_state *state)
{
	struct json_object *array = json_object_new_array();
	size_t count = state->camera_count < CAMERA_IDS_MAX ? state->camera_count : CAMERA_IDS_MAX;

	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, json_object_new_int64(state->camera_ids[i]));
	return array;
}

static struct json_object *memory_info(const struct ring_reader *ring)
{
	struct json_object *json = json_object_new_object();
	uint64_t head = ring_reader_head(ring), tail = ring_reader_tail(ring);
	struct ring_frame oldest, newest;

	json_object_object_add(json, "bytes", json_object_new_int64((int64_t)ring_reader_data_bytes(ring)));
	if (head == 0 || !ring_reader_get(ring, head, &newest) || !ring_reader_get(ring, tail, &oldest)) {
		json_object_object_add(json, "frames", json_object_new_int(0));
		return json;
	}
	json_object_object_add(json, "frames", json_object_new_int64((int64_t)(head - tail + 1)));
	json_object_object_add(json, "seconds", json_seconds(newest.meta.mono_us - oldest.meta.mono_us));
	json_object_object_add(json, "from", json_time(oldest.meta.wall_us));
	json_object_object_add(json, "to", json_time(newest.meta.wall_us));
	return json;
}

void state_json_add_sandbox(struct json_object *json, const struct recorder_state *state)
{
	bool known = state->sandbox_known != 0;

	json_object_object_add(json, "known", json_object_new_boolean(known));
	json_object_object_add(json, "landlock",
			       known && state->sandbox_landlock ? json_object_new_int64(state->sandbox_landlock)
								: NULL);
	json_object_object_add(json, "seccomp", known ? json_object_new_boolean(state->sandbox_seccomp != 0) : NULL);
	json_object_object_add(json, "missing", json_string_or_null(state->sandbox_missing));
}

static struct json_object *sandbox_info(const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();

	state_json_add_sandbox(json, state);
	return json;
}

/* Returns NULL, which json-c writes as null, while that is not known or without retention.hours. */
static struct json_object *disk_need_info(const struct recorder_state *state)
{
	char text[HEALTH_DISK_TEXT_BYTES];

	health_disk_text(state, text);
	if (!*text)
		return NULL;
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "wanted_seconds", json_seconds(state->disk_wanted_us));
	json_object_object_add(json, "wanted_bytes", json_object_new_int64((int64_t)state->disk_wanted_bytes));
	json_object_object_add(json, "room_bytes", json_object_new_int64((int64_t)state->disk_room_bytes));
	json_object_object_add(json, "measured", json_object_new_boolean(state->disk_measured != 0));
	json_object_object_add(json, "text", json_object_new_string(text));
	return json;
}

static struct json_object *recording_info(const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "state", json_object_new_string(recording_state_text(state->recording_state)));
	json_object_object_add(json, "since", json_time(state->recording_since_wall_us));
	json_object_object_add(json, "off_cause",
			       state->recording_off_cause
				       ? json_object_new_string(gap_cause_text((uint32_t)state->recording_off_cause))
				       : NULL);
	json_object_object_add(json, "on_at", json_time(state->recording_on_wall_us));
	json_object_object_add(json, "encoder", json_string_or_null(state->encoder));
	json_object_object_add(json, "file", json_string_or_null(state->open_segment));
	json_object_object_add(json, "indexed_until", json_time(state->indexed_wall_us));
	json_object_object_add(json, "frames", json_object_new_int64((int64_t)state->encoded));
	json_object_object_add(json, "thinned", json_object_new_int64((int64_t)state->thinned));
	json_object_object_add(json, "behind_seconds", json_seconds(state->encoder_behind_us));
	json_object_object_add(json, "disk_free_bytes", json_object_new_int64((int64_t)state->disk_free_bytes));
	json_object_object_add(json, "disk_error", json_string_or_null(state->disk_error));
	json_object_object_add(json, "disk_need", disk_need_info(state));
	json_object_object_add(json, "sandbox", sandbox_info(state));
	return json;
}

static struct json_object *motion_info(const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "state", json_object_new_string(motion_state_text(state->motion_state)));
	json_object_object_add(json, "records", json_object_new_int64((int64_t)state->motion_records));
	json_object_object_add(json, "until", json_time(state->motion_second_wall_us));
	json_object_object_add(json, "restarts", json_object_new_int64(state->motion_restarts));
	json_object_object_add(json, "error", json_string_or_null(state->motion_error));
	json_object_object_add(json, "covered", json_time(state->covered_wall_us));
	json_object_object_add(json, "view_changed", json_time(state->view_changed_wall_us));
	json_object_object_add(json, "blurred", json_time(state->blurred_wall_us));
	return json;
}

/* Returns NULL, which json-c writes as null, without a store. */
static struct json_object *store_info(const struct recorder_state *state)
{
	if (state->store_state == STORE_OFF)
		return NULL;
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "state", json_object_new_string(store_state_text(state->store_state)));
	json_object_object_add(json, "until", json_time(state->store_shipped_wall_us));
	json_object_object_add(json, "waiting_segments", json_object_new_int64((int64_t)state->store_waiting_segments));
	json_object_object_add(json, "waiting_bytes", json_object_new_int64((int64_t)state->store_waiting_bytes));
	json_object_object_add(json, "objects", json_object_new_int64((int64_t)state->store_objects));
	json_object_object_add(json, "failures", json_object_new_int64((int64_t)state->store_failures));
	json_object_object_add(json, "failing_since", json_time(state->store_failing_wall_us));
	json_object_object_add(json, "error", json_string_or_null(state->store_error));
	json_object_object_add(json, "deleted_unshipped", json_object_new_int64((int64_t)state->deleted_unshipped));
	json_object_object_add(json, "first_unshipped", json_time(state->first_unshipped_wall_us));
	return json;
}

static const char *backend_text(const struct recorder_state *state)
{
	if (state->source == SOURCE_TEST)
		return "FFmpeg lavfi test picture";
	return state->is_external ? "recorder-source" : "V4L2";
}

static void add_device(struct json_object *json, const struct recorder_state *state)
{
	bool test = state->source == SOURCE_TEST;

	json_object_object_add(json, "backend", json_object_new_string(backend_text(state)));
	json_object_object_add(json, "source", json_object_new_string(test ? "test" : "camera"));
	json_object_object_add(json, "device", json_string_or_null(state->device));
	json_object_object_add(json, "name", json_string_or_null(state->model));
	json_object_object_add(json, "driver", json_string_or_null(state->driver));
	json_object_object_add(json, "bus", json_string_or_null(state->bus));
	json_object_object_add(json, "format", json_string_or_null(state->format));
	json_object_object_add(json, "configured", json_string_or_null(state->configured));
	if (*state->configured) {
		const char *why = state->camera_notes[CAMERA_NOTE_FALLBACK];
		char notice[320];

		snprintf(notice, sizeof(notice), "The configured camera %s is missing; %s is used instead.",
			 state->configured, test ? "a test picture" : state->device);
		json_object_object_add(json, "fallback", json_string_or_null(*why ? why : notice));
	}
}

static void add_counts(struct json_object *json, const struct recorder_state *state)
{
	json_object_object_add(json, "fps", json_thousandths(state->fps_milli));
	json_object_object_add(json, "measured_fps", json_thousandths(state->measured_fps_milli));
	json_object_object_add(json, "frames", json_object_new_int64((int64_t)state->frames));
	json_object_object_add(json, "lost", json_object_new_int64((int64_t)state->lost));
	json_object_object_add(json, "damaged", json_object_new_int64((int64_t)state->damaged));
	json_object_object_add(json, "state", json_object_new_string(camera_state_text(state->camera_state)));
	json_object_object_add(json, "since", json_time(state->since_wall_us));
	json_object_object_add(json, "started", json_time(state->started_wall_us));
}

static void add_last_error(struct json_object *json, const struct recorder_state *state)
{
	if (!*state->last_error)
		return;
	json_object_object_add(json, "last_error", json_string_or_null(state->last_error));
	json_object_object_add(json, "last_error_time", json_time(state->last_error_wall_us));
}

static struct json_object *resolution(const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "width", json_object_new_int64(state->width));
	json_object_object_add(json, "height", json_object_new_int64(state->height));
	return json;
}

struct json_object *state_json(const char *camera, const struct ring_reader *ring, const struct recorder_state *state)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "available_cameras", camera_ids(state));
	json_object_object_add(json, "current_camera", current_camera(state));
	json_object_object_add(json, "resolution", resolution(state));
	json_object_object_add(json, "camera", json_string_or_null(camera));
	add_device(json, state);
	add_counts(json, state);
	json_object_object_add(json, "camera_off_cause",
			       state->camera_state == CAMERA_OFF && state->camera_off_cause
				       ? json_object_new_string(gap_cause_text((uint32_t)state->camera_off_cause))
				       : NULL);
	json_object_object_add(json, "memory", memory_info(ring));
	json_object_object_add(json, "recording", recording_info(state));
	json_object_object_add(json, "motion", motion_info(state));
	json_object_object_add(json, "store", store_info(state));
	add_last_error(json, state);
	return json;
}
