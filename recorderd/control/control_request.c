/* control_request.c - see control_request.h. */
#include "recorderd/control/control_request.h"

#include <json-c/json.h>
#include <string.h>

#define DEPTH_MAX 2

static struct json_object *parse_object(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *json = NULL;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	json = json_tokener_parse_ex(tokener, text, (int)length);
	if (json_tokener_get_error(tokener) != json_tokener_success || !json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tokener);
	return json;
}

/* NULL where it is nothing, or a string with a NUL in it. */
static const char *text_of(struct json_object *json)
{
	const char *text = json_object_get_string(json);
	bool is_string = json_object_is_type(json, json_type_string);

	return is_string && strlen(text) != (size_t)json_object_get_string_len(json) ? NULL : text;
}

/* Printable ASCII that fits; what names and values of controls are made of. */
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

static bool read_recording(struct json_object *json, struct control_request *out, struct reason *why)
{
	const char *text = text_of(json);

	out->kind = CONTROL_RECORDING;
	out->on = text && strcmp(text, "on") == 0;
	if (!out->on && (!text || strcmp(text, "off") != 0))
		return reason_set(why, "recording is switched on or off");
	return true;
}

static bool read_camera(struct json_object *name, struct json_object *value, struct control_request *out,
			struct reason *why)
{
	out->kind = CONTROL_CAMERA;
	if (!copy_text(name, out->camera.name, sizeof(out->camera.name)))
		return reason_set(why, "a control has a name of at most %zu letters, such as brightness",
				  sizeof(out->camera.name) - 1);
	if (!copy_text(value, out->camera.value, sizeof(out->camera.value)))
		return reason_set(why, "the value of %s is a number, on, off, or an entry of its menu",
				  out->camera.name);
	return true;
}

bool control_request_parse(const char *text, size_t length, struct control_request *out, struct reason *why)
{
	struct json_object *json = parse_object(text, length), *control, *recording, *value = NULL;
	bool good, has_control, has_recording;

	*out = (struct control_request){0};
	if (!json)
		return reason_set(why, "this is no JSON object");
	has_control = json_object_object_get_ex(json, "control", &control);
	has_recording = json_object_object_get_ex(json, "recording", &recording);
	json_object_object_get_ex(json, "value", &value);
	if (has_control == has_recording)
		good = reason_set(why, "either a control with its value is set, or recording switched on or off");
	else if (has_recording)
		good = read_recording(recording, out, why);
	else
		good = read_camera(control, value, out, why);
	json_object_put(json);
	return good;
}
