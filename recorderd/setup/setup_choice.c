/* setup_choice.c - what somebody chooses in the set-up. */
#include "recorderd/setup/setup_choice.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char *const camera_keys[] = {"device", "width", "height", "fps", "format"};

static bool is_camera_key(const char *key)
{
	for (size_t i = 0; i < sizeof(camera_keys) / sizeof(camera_keys[0]); i++)
		if (strcmp(camera_keys[i], key) == 0)
			return true;
	return false;
}

static bool is_control_name(const char *name)
{
	return name[0] && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* A text or a whole number. Returns false if it is anything else, does not fit, or does not fit into an .ini file. */
static bool copy_value(struct json_object *json, char out[CONFIG_DEVICE_BYTES])
{
	bool is_text = json_object_is_type(json, json_type_string);
	const char *text = json_object_get_string(json);

	if (!is_text && !json_object_is_type(json, json_type_int))
		return false;
	if (!text || strlen(text) >= CONFIG_DEVICE_BYTES ||
	    (is_text && strlen(text) != (size_t)json_object_get_string_len(json)))
		return false;
	snprintf(out, CONFIG_DEVICE_BYTES, "%s", text);
	return config_edit_value_valid(out);
}

/*
 * Only cameras of this machine: whoever may use the set-up must not make the recorder run a command, or ask an address.
 */
static bool is_local_device(const char *device)
{
	return strcmp(device, "auto") == 0 || strcmp(device, "test") == 0 ||
	       (strncmp(device, "/dev/", strlen("/dev/")) == 0 && !strstr(device, "/../"));
}

static bool add(struct setup_choice *choice, const char *section, const char *key, struct json_object *value,
		struct reason *why)
{
	struct config_edit *edit = &choice->edits[choice->count];

	if (choice->count == CONFIG_EDITS_MAX || strlen(key) >= sizeof(edit->key))
		return reason_set(why, "there are too many values, or a name is too long");
	if (!copy_value(value, edit->value))
		return reason_set(why,
				  "the value of %s must be a number, or a text of printable ASCII without quotation "
				  "marks and backslashes",
				  key);
	if (strcmp(section, "camera") == 0 && strcmp(key, "device") == 0 && !is_local_device(edit->value))
		return reason_set(why, "device must be auto, test, or a device of this machine such as /dev/video0");
	edit->section = section;
	snprintf(edit->key, sizeof(edit->key), "%s", key);
	choice->count++;
	return true;
}

static bool add_controls(struct setup_choice *choice, struct json_object *controls, struct reason *why)
{
	if (!json_object_is_type(controls, json_type_object))
		return reason_set(why, "controls must be an object of names and values");
	json_object_object_foreach(controls, name, value)
	{
		if (!is_control_name(name))
			return reason_set(why, "a control has a name of a-z 0-9 _, such as brightness");
		if (!add(choice, "controls", name, value, why))
			return false;
	}
	return true;
}

bool setup_choice_parse(struct json_object *json, struct setup_choice *out, struct reason *why)
{
	*out = (struct setup_choice){0};
	if (!json_object_is_type(json, json_type_object))
		return reason_set(why, "setup must be an object");
	json_object_object_foreach(json, key, value)
	{
		if (strcmp(key, "controls") == 0) {
			if (!add_controls(out, value, why))
				return false;
		} else if (!is_camera_key(key)) {
			return reason_set(why, "setup takes device, width, height, fps, format and controls");
		} else {
			if (!add(out, "camera", key, value, why))
				return false;
			out->restarts = true;
		}
	}
	return true;
}
