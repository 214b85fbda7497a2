/* control_request.c - parses requests of the control socket, which are JSON objects. */
#include "recorderd/control/control_request.h"

#include <json-c/json.h>
#include <string.h>

#define DEPTH_MAX 4

static struct json_object *parse_object(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);

	struct json_object *json = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) != json_tokener_success || !json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tokener);
	return json;
}

/* Returns NULL for a JSON null and for a string that contains a NUL. */
static const char *text_of(struct json_object *json)
{
	const char *text = json_object_get_string(json);
	bool is_string = json_object_is_type(json, json_type_string);

	return is_string && strlen(text) != (size_t)json_object_get_string_len(json) ? NULL : text;
}

/* Copies the name or the value of a control: printable ASCII. Returns false if it is anything else or does not fit. */
static bool copy_text(struct json_object *json, char *out, size_t bytes)
{
	const char *text = text_of(json);
	size_t length = text ? strlen(text) : 0;

	if (length == 0 || length >= bytes)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	memcpy(out, text, length + 1);
	return true;
}

static bool read_switch(struct json_object *json, enum control_kind kind, struct control_request *out,
			struct reason *why)
{
	const char *text = text_of(json);

	out->kind = kind;
	out->on = text && strcmp(text, "on") == 0;
	if (!out->on && (!text || strcmp(text, "off") != 0))
		return reason_set(why, "%s must be on or off", kind == CONTROL_RECORDING ? "recording" : "power");
	return true;
}

static bool read_camera(struct json_object *name, struct json_object *value, struct control_request *out,
			struct reason *why)
{
	out->kind = CONTROL_CAMERA;
	if (!copy_text(name, out->camera.name, sizeof(out->camera.name)))
		return reason_set(why, "control must be a name of at most %zu ASCII characters, such as brightness",
				  sizeof(out->camera.name) - 1);
	if (!copy_text(value, out->camera.value, sizeof(out->camera.value)))
		return reason_set(why, "the value of %s must be a number, on, off, or an entry of its menu",
				  out->camera.name);
	return true;
}

static bool read_setup(struct json_object *setup, struct control_request *out, struct reason *why)
{
	out->kind = CONTROL_SETUP;
	return setup_choice_parse(setup, &out->setup, why);
}

bool control_request_parse(const char *text, size_t length, struct control_request *out, struct reason *why)
{
	struct json_object *json = parse_object(text, length);

	*out = (struct control_request){0};
	if (!json)
		return reason_set(why, "the request is not a JSON object");

	struct json_object *control, *recording, *power, *setup, *value = NULL;
	bool has_control = json_object_object_get_ex(json, "control", &control);
	bool has_recording = json_object_object_get_ex(json, "recording", &recording);
	bool has_power = json_object_object_get_ex(json, "power", &power);
	bool has_setup = json_object_object_get_ex(json, "setup", &setup);
	bool valid;

	json_object_object_get_ex(json, "value", &value);
	if (has_control + has_recording + has_power + has_setup != 1)
		valid = reason_set(why,
				   "a request must have either control and value, or recording, or power, or setup");
	else if (has_recording)
		valid = read_switch(recording, CONTROL_RECORDING, out, why);
	else if (has_setup)
		valid = read_setup(setup, out, why);
	else if (has_power)
		valid = read_switch(power, CONTROL_CAMERA_POWER, out, why);
	else
		valid = read_camera(control, value, out, why);
	json_object_put(json);
	return valid;
}
