/* v4l2_controls_json.c - a camera's controls with their ranges, for /camera_info and the page. */
#include "recorderd/v4l2/v4l2_controls.h"

#include <json-c/json.h>
#include <string.h>

#include "recorderd/v4l2/v4l2_ioctl.h"

#define MENU_MAX 64 /* entries that are listed; no camera has a longer menu */

struct json_object *v4l2_text_json(const char *text, size_t bytes)
{
	char clean[128];
	size_t length = strnlen(text, bytes < sizeof(clean) ? bytes : sizeof(clean));

	for (size_t i = 0; i < length; i++)
		clean[i] = text[i] >= ' ' && text[i] < 0x7f ? text[i] : '?';
	return json_object_new_string_len(clean, (int)length);
}

/* NULL for controls that are not a single number: strings, arrays, structures. */
static const char *type_text(const struct v4l2_query_ext_ctrl *control)
{
	switch (control->type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_INTEGER64:
		return "integer";
	case V4L2_CTRL_TYPE_BOOLEAN:
		return "boolean";
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		return "menu";
	case V4L2_CTRL_TYPE_BITMASK:
		return "bitmask";
	case V4L2_CTRL_TYPE_BUTTON:
		return "button";
	default:
		return NULL;
	}
}

static struct json_object *menu_json(int fd, const struct v4l2_query_ext_ctrl *control)
{
	struct json_object *list = json_object_new_array();
	int64_t first = control->minimum < 0 ? 0 : control->minimum;

	for (int64_t i = first; i <= control->maximum && i < first + MENU_MAX; i++) {
		struct v4l2_querymenu entry = {.id = control->id, .index = (uint32_t)i};
		struct json_object *object;

		if (video_ioctl(fd, VIDIOC_QUERYMENU, &entry) < 0)
			continue; /* menus have holes */
		object = json_object_new_object();
		json_object_object_add(object, "value", json_object_new_int64(i));
		json_object_object_add(object, "name",
				       control->type == V4L2_CTRL_TYPE_INTEGER_MENU
					       ? json_object_new_int64(entry.value)
					       : v4l2_text_json((const char *)entry.name, sizeof(entry.name)));
		json_object_array_add(list, object);
	}
	return list;
}

static struct json_object *value_json(int fd, const struct v4l2_query_ext_ctrl *control)
{
	int64_t value;

	if (control->flags & V4L2_CTRL_FLAG_WRITE_ONLY || control->type == V4L2_CTRL_TYPE_BUTTON ||
	    !v4l2_control_read(fd, control, &value))
		return NULL;
	return json_object_new_int64(value);
}

static struct json_object *control_json(int fd, const struct v4l2_query_ext_ctrl *control, const char *name)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "label", v4l2_text_json(control->name, sizeof(control->name)));
	json_object_object_add(object, "type", json_object_new_string(type_text(control)));
	json_object_object_add(object, "min", json_object_new_int64(control->minimum));
	json_object_object_add(object, "max", json_object_new_int64(control->maximum));
	json_object_object_add(object, "step", json_object_new_int64((int64_t)control->step));
	json_object_object_add(object, "default", json_object_new_int64(control->default_value));
	json_object_object_add(object, "value", value_json(fd, control));
	if (control->type == V4L2_CTRL_TYPE_MENU || control->type == V4L2_CTRL_TYPE_INTEGER_MENU)
		json_object_object_add(object, "menu", menu_json(fd, control));
	if (control->flags & V4L2_CTRL_FLAG_INACTIVE)
		json_object_object_add(object, "inactive", json_object_new_boolean(true));
	if (control->flags & V4L2_CTRL_FLAG_READ_ONLY)
		json_object_object_add(object, "read_only", json_object_new_boolean(true));
	return object;
}

struct json_object *v4l2_controls_json(int fd)
{
	struct json_object *list = json_object_new_array();
	struct v4l2_query_ext_ctrl control = {0};
	char name[V4L2_CONTROL_NAME_BYTES];

	for (int i = 0; i < V4L2_CONTROLS_MAX && v4l2_control_next(fd, &control, name); i++)
		if (type_text(&control))
			json_object_array_add(list, control_json(fd, &control, name));
	return list;
}
