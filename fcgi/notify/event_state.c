/* event_state.c - what holds now, as JSON. */
#include "fcgi/notify/event_state.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "shared/text/json_value.h"
#include "shared/text/time_text.h"

#define RECORD_LATE_US (5 * US_PER_S) /* nobody knows what moves if no record came for so long */

enum known { NOT, HOLDS, UNKNOWN };

/* What the newest notification about motion says. Nothing is under way when a recorder starts. */
static enum known told_motion(const struct notification_feed *feed)
{
	for (uint64_t at = feed->next; at-- > feed->first;) {
		uint32_t kind = notification_feed_get(feed, at)->record.kind;
		if (kind == NOTIFY_MOTION_START)
			return HOLDS;
		if (kind == NOTIFY_MOTION_END || kind == NOTIFY_STARTED)
			return NOT;
	}
	return UNKNOWN;
}

static enum known found_motion(const struct event_question *question)
{
	const struct second_feed *seconds = &question->all->seconds;
	const struct second_entry *newest = second_feed_get(seconds, seconds->next - 1);
	struct motion_event unused;

	if (!newest || mono_now().us - newest->at.us > RECORD_LATE_US)
		return UNKNOWN;
	return motion_live_is_under_way(&question->live, &unused) ? HOLDS : NOT;
}

static enum known motion_under_way(const struct event_state *state)
{
	if (!state->recorder || state->recorder->motion_state != MOTION_RUNNING)
		return UNKNOWN;
	return state->question ? found_motion(state->question) : told_motion(state->notifications);
}

static void add_now(struct json_object *json)
{
	wall_t now = wall_now();
	char seconds[32], text[TIME_ISO_BYTES];

	snprintf(seconds, sizeof(seconds), "%" PRId64 ".%06" PRId64, now.us / US_PER_S, now.us % US_PER_S);
	time_format_iso_us(now, text);
	json_object_object_add(json, "time", json_object_new_double_s((double)now.us / 1e6, seconds));
	json_object_object_add(json, "time_text", json_object_new_string(text));
}

static void add_recorder(struct json_object *json, const struct recorder_state *recorder)
{
	static const struct recorder_state none;
	const struct recorder_state *from = recorder ? recorder : &none;
	const char *camera = camera_state_text(from->camera_state);
	const char *recording = recording_state_text(from->recording_state);
	const char *motion = motion_state_text(from->motion_state);
	bool encoder_fails =
		from->recording_state == RECORDING_ENCODER || from->recording_state == RECORDING_NO_PICTURES;

	json_object_object_add(json, "state", recorder ? json_object_new_string(camera) : NULL);
	json_object_object_add(json, "recording", recorder ? json_object_new_string(recording) : NULL);
	json_object_object_add(json, "disk_error", json_string_or_null(from->disk_error));
	json_object_object_add(json, "encoder_error", encoder_fails ? json_string_or_null(from->last_error) : NULL);
	json_object_object_add(json, "motion_state", recorder ? json_object_new_string(motion) : NULL);
	json_object_object_add(json, "covered", json_time(from->covered_wall_us));
	json_object_object_add(json, "view_changed", json_time(from->view_changed_wall_us));
	json_object_object_add(json, "blurred", json_time(from->blurred_wall_us));
}

bool event_state_json(const struct event_state *state, struct buffer *out)
{
	struct json_object *json = json_object_new_object();
	enum known motion = motion_under_way(state);
	size_t length = 0;

	json_object_object_add(json, "camera", json_string(state->camera));
	json_object_object_add(json, "event", json_object_new_string("state"));
	add_now(json);
	json_object_object_add(json, "running", json_object_new_boolean(state->recorder != NULL));
	json_object_object_add(json, "notifications", json_object_new_boolean(state->notifications->ring != NULL));
	json_object_object_add(json, "motion", motion == UNKNOWN ? NULL : json_object_new_boolean(motion == HOLDS));
	add_recorder(json, state->recorder);
	const char *text = json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN, &length);
	if (text)
		buffer_append(out, text, length);
	json_object_put(json);
	return text && !out->failed;
}
