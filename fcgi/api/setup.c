/*
 * setup.c - the set-up of a camera: GET /setup says what its recorder.ini chooses, and POST /setup has the recorder
 * write another choice there (shared/ring/control.h). Both are for those who may make changes.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/api/recorder_call.h"
#include "fcgi/api/route.h"
#include "fcgi/http/query.h"
#include "fcgi/server/response.h"
#include "shared/text/json_value.h"

#define REPLY_LIMIT_MS 4500 /* the recorder gives up on a request after 5 s */
#define NUMBER_DIGITS  5

static struct json_object *setup_json(struct json_object *choice)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "setup", choice);
	return json;
}

/* The recorder knows, whatever this worker has read. */
void handle_setup_get(struct api_request *request)
{
	recorder_call(request, setup_json(json_object_new_object()), REPLY_LIMIT_MS);
}

/* Adds a parameter as a member. Returns false after responding that it is malformed. */
static bool add_param(struct api_request *request, const char *name, bool number, struct json_object *json)
{
	char value[QUERY_VALUE_MAX];
	enum query_outcome outcome = query_get(request->fcgi->query, name, value, sizeof(value));

	if (outcome == QUERY_ABSENT)
		return true;
	bool digits = *value && value[strspn(value, "0123456789")] == '\0' && strlen(value) <= NUMBER_DIGITS;
	if (outcome == QUERY_FOUND && (digits || !number)) {
		json_object_object_add(json, name,
				       number ? json_object_new_int(atoi(value)) : json_string_or_null(value));
		return true;
	}
	respond_problem(request, 400, NULL, number ? "%s= takes a whole number." : "%s= is too long, or malformed.",
			name);
	return false;
}

/* control=NAME:VALUE, any number of them. */
static bool add_controls(struct api_request *request, struct json_object *json)
{
	const char *at = request->fcgi->query;
	char text[QUERY_VALUE_MAX];
	struct json_object *controls = NULL;
	enum query_outcome outcome;

	while ((outcome = query_next(&at, "control", text, sizeof(text))) == QUERY_FOUND) {
		char *colon = strchr(text, ':');
		if (!colon)
			break;
		*colon = '\0';
		if (!controls)
			json_object_object_add(json, "controls", controls = json_object_new_object());
		json_object_object_add(controls, text, json_string_or_null(colon + 1));
	}
	if (outcome == QUERY_ABSENT)
		return true;
	respond_problem(request, 400, NULL, "control= takes NAME:VALUE, such as control=brightness:128.");
	return false;
}

void handle_setup(struct api_request *request)
{
	struct json_object *choice = json_object_new_object();

	if (!add_param(request, "device", false, choice) || !add_param(request, "width", true, choice) ||
	    !add_param(request, "height", true, choice) || !add_param(request, "fps", true, choice) ||
	    !add_param(request, "format", false, choice) || !add_controls(request, choice)) {
		json_object_put(choice);
	} else if (json_object_object_length(choice) == 0) {
		json_object_put(choice);
		respond_problem(request, 400, NULL,
				"The query must choose something: device=, width=, height=, fps=, format=, or "
				"control=NAME:VALUE. GET /setup says what is chosen now.");
	} else {
		recorder_call(request, setup_json(choice), REPLY_LIMIT_MS);
	}
}
