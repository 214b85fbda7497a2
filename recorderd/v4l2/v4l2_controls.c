/* v4l2_controls.c - finds camera controls by name and sets them. */
#include "recorderd/v4l2/v4l2_controls.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recorderd/v4l2/v4l2_ioctl.h"

#define NAME_BYTES V4L2_CONTROL_NAME_BYTES

/* "Exposure, Dynamic Framerate" -> exposure_dynamic_framerate */
static void normalise(const char *name, size_t length, char out[NAME_BYTES])
{
	size_t used = 0;

	for (size_t i = 0; i < length && name[i] && used + 1 < NAME_BYTES; i++) {
		if (isalnum((unsigned char)name[i]))
			out[used++] = (char)tolower((unsigned char)name[i]);
		else if (used && out[used - 1] != '_')
			out[used++] = '_';
	}
	while (used && out[used - 1] == '_')
		used--;
	out[used] = '\0';
}

/* The next control after out->id, whatever it is. */
static bool query_next(int fd, struct v4l2_query_ext_ctrl *out, char name[NAME_BYTES])
{
	uint32_t id = out->id;

	*out = (struct v4l2_query_ext_ctrl){.id = id | V4L2_CTRL_FLAG_NEXT_CTRL};
	if (video_ioctl(fd, VIDIOC_QUERY_EXT_CTRL, out) < 0)
		return false;
	normalise(out->name, sizeof(out->name), name);
	return out->id > id;
}

bool v4l2_control_next(int fd, struct v4l2_query_ext_ctrl *control, char name[V4L2_CONTROL_NAME_BYTES])
{
	for (int i = 0; i < V4L2_CONTROLS_MAX && query_next(fd, control, name); i++)
		if (control->type != V4L2_CTRL_TYPE_CTRL_CLASS && !(control->flags & V4L2_CTRL_FLAG_DISABLED))
			return true;
	return false;
}

/*
 * Newer kernels call some controls of USB cameras by the names of the V4L2 documentation, and no longer by those of the
 * UVC driver. Configurations and instructions have either.
 */
static uint32_t id_of(const char *name)
{
	static const struct {
		const char *names[3];
		uint32_t id;
	} renamed[] = {
		{{"exposure_auto", "auto_exposure"}, V4L2_CID_EXPOSURE_AUTO},
		{{"exposure_absolute", "exposure_time_absolute"}, V4L2_CID_EXPOSURE_ABSOLUTE},
		{{"exposure_auto_priority", "exposure_dynamic_framerate"}, V4L2_CID_EXPOSURE_AUTO_PRIORITY},
		{{"focus_auto", "focus_automatic_continuous"}, V4L2_CID_FOCUS_AUTO},
		{{"white_balance_temperature_auto", "white_balance_automatic", "white_balance_auto"},
		 V4L2_CID_AUTO_WHITE_BALANCE},
	};

	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		for (size_t j = 0; j < 3; j++)
			if (renamed[i].names[j] && strcmp(renamed[i].names[j], name) == 0)
				return renamed[i].id;
	return 0;
}

static bool find(int fd, const char *wanted, struct v4l2_query_ext_ctrl *out, struct reason *why)
{
	char normal[NAME_BYTES], name[NAME_BYTES], list[200] = "";
	struct v4l2_query_ext_ctrl renamed = {0};
	size_t used = 0;

	normalise(wanted, strlen(wanted), normal);
	*out = (struct v4l2_query_ext_ctrl){0};
	for (int i = 0; i < V4L2_CONTROLS_MAX && v4l2_control_next(fd, out, name); i++) {
		if (strcmp(name, normal) == 0)
			return true;
		if (out->id == id_of(normal))
			renamed = *out;
		if (used + sizeof(name) + 2 < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", name);
	}
	*out = renamed;
	if (renamed.id)
		return true;
	return reason_set(why, "the camera has no control \"%s\"; it has: %s", wanted, used ? list : "none");
}

static bool parse_switch(const char *text, int64_t *out)
{
	static const char *const words[2][3] = {{"off", "no", "false"}, {"on", "yes", "true"}};

	for (int value = 0; value < 2; value++)
		for (int i = 0; i < 3; i++)
			if (strcasecmp(text, words[value][i]) == 0) {
				*out = value;
				return true;
			}
	return false;
}

static bool parse_number(const char *text, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 0);
	return end != text && *end == '\0' && errno == 0;
}

static bool parse_menu(int fd, const struct v4l2_query_ext_ctrl *control, const char *text, int64_t *out)
{
	int64_t last = control->maximum < V4L2_CONTROLS_MAX ? control->maximum : V4L2_CONTROLS_MAX;

	if (control->type != V4L2_CTRL_TYPE_MENU)
		return false;
	for (int64_t i = control->minimum < 0 ? 0 : control->minimum; i <= last; i++) {
		struct v4l2_querymenu entry = {.id = control->id, .index = (uint32_t)i};
		if (video_ioctl(fd, VIDIOC_QUERYMENU, &entry) < 0)
			continue; /* menus have holes */
		if (strncasecmp((const char *)entry.name, text, sizeof(entry.name)) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

static bool takes_any_number(uint32_t type)
{
	return type == V4L2_CTRL_TYPE_BUTTON || type == V4L2_CTRL_TYPE_BITMASK;
}

bool v4l2_control_find(int fd, const char *name, const char *value, struct v4l2_query_ext_ctrl *control,
		       int64_t *number, struct reason *why)
{
	if (!find(fd, name, control, why))
		return false;
	if (!parse_number(value, number) && !parse_switch(value, number) && !parse_menu(fd, control, value, number))
		return reason_set(why, "%s = %s is not a value of this control, which takes %lld to %lld", name, value,
				  (long long)control->minimum, (long long)control->maximum);
	if (!takes_any_number(control->type) && (*number < control->minimum || *number > control->maximum))
		return reason_set(why, "%s = %s is out of range; this control takes %lld to %lld", name, value,
				  (long long)control->minimum, (long long)control->maximum);
	return true;
}

static bool transfer(int fd, unsigned long request, const struct v4l2_query_ext_ctrl *control, int64_t *inout)
{
	bool wide = control->type == V4L2_CTRL_TYPE_INTEGER64;
	struct v4l2_ext_control one = {.id = control->id};
	struct v4l2_ext_controls all = {.count = 1, .controls = &one, .which = V4L2_CTRL_WHICH_CUR_VAL};

	if (wide)
		one.value64 = *inout;
	else
		one.value = (int32_t)*inout;
	if (video_ioctl(fd, request, &all) < 0)
		return false;
	*inout = wide ? one.value64 : one.value;
	return true;
}

bool v4l2_control_write(int fd, const struct v4l2_query_ext_ctrl *control, int64_t *inout)
{
	return transfer(fd, VIDIOC_S_EXT_CTRLS, control, inout);
}

bool v4l2_control_read(int fd, const struct v4l2_query_ext_ctrl *control, int64_t *out)
{
	*out = 0;
	return transfer(fd, VIDIOC_G_EXT_CTRLS, control, out);
}

bool v4l2_control_set(int fd, const char *name, const char *value, int64_t *now, struct reason *why)
{
	struct v4l2_query_ext_ctrl control;

	if (!v4l2_control_find(fd, name, value, &control, now, why))
		return false;
	return v4l2_control_write(fd, &control, now) || reason_errno(why, "the camera rejected %s = %s", name, value);
}
