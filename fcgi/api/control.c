/* control.c - POST /control: passes one change to the running recorder (shared/ring/control.h). */
#include <json-c/json.h>
#include <string.h>

#include "fcgi/api/recorder_call.h"
#include "fcgi/api/route.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "shared/text/json_value.h"

#define REPLY_LIMIT_MS 2000

static void add_value(struct json_object *json, const char *key, const char *value)
{
	json_object_object_add(json, key, value ? json_string_or_null(value) : NULL);
}

bool control_is_switch(const struct api_request *request, const char *value)
{
	if (strcmp(request->fcgi->path, "/control") != 0 || (strcmp(value, "on") != 0 && strcmp(value, "off") != 0))
		return false;
	for (size_t i = 0; i < request->camera_count; i++)
		if (strcmp(request->cameras[i].config->camera.name, value) == 0)
			return false;
	return true;
}

/* How often camera= switches the camera, or names one more than once, which is wrong as well. */
static int count_switches(const struct api_request *request, bool *on)
{
	const char *at = request->fcgi->query;
	char value[CONFIG_NAME_BYTES + 1];
	int switches = 0, names = 0;

	while (query_next(&at, "camera", value, sizeof(value)) == QUERY_FOUND) {
		if (!control_is_switch(request, value)) {
			names++;
			continue;
		}
		switches++;
		*on = strcmp(value, "on") == 0;
	}
	return names > 1 ? 2 : switches;
}

/*
 * Returns the change that the query asks for, as the recorder takes it; NULL if the query is wrong, which is the
 * response.
 */
static struct json_object *read_query(struct api_request *request)
{
	char control[QUERY_VALUE_MAX], value[QUERY_VALUE_MAX], recording[QUERY_VALUE_MAX];
	const char *query = request->fcgi->query;
	enum query_outcome has_control = query_get(query, "control", control, sizeof(control));
	enum query_outcome has_value = query_get(query, "value", value, sizeof(value));
	enum query_outcome has_recording = query_get(query, "recording", recording, sizeof(recording));

	bool on = false;
	int has_power = count_switches(request, &on);

	if (has_control == QUERY_MALFORMED || has_value == QUERY_MALFORMED || has_recording == QUERY_MALFORMED ||
	    (has_control == QUERY_FOUND) != (has_value == QUERY_FOUND) ||
	    (has_control == QUERY_FOUND) + (has_recording == QUERY_FOUND) + has_power != 1) {
		respond_problem(request, 400, NULL,
				"The query must be one of control=NAME&value=V, such as control=brightness&value=128, "
				"recording=on, recording=off, camera=on and camera=off. /camera_info lists the "
				"controls.");
		return NULL;
	}
	struct json_object *json = json_object_new_object();
	if (has_power) {
		add_value(json, "power", on ? "on" : "off");
		return json;
	}
	if (has_recording == QUERY_FOUND) {
		add_value(json, "recording", recording);
		return json;
	}
	add_value(json, "control", control);
	add_value(json, "value", value);
	return json;
}

void handle_control(struct api_request *request)
{
	struct json_object *json = read_query(request);

	if (json)
		recorder_call(request, json, REPLY_LIMIT_MS);
}
