/* v4l2.c - the table of a capture device's ioctls, and its picture controls. */
#include "tests/preload/v4l2.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct knob {
	uint32_t id, type;
	const char *name;
	int32_t least, most, initial;
	int overridden_by; /* by that control while it is on: inactive, and refuses to be set; 0: by none */
};

static const struct knob knobs[CONTROLS_MAX] = {
	{V4L2_CID_BRIGHTNESS, V4L2_CTRL_TYPE_INTEGER, "Brightness", 0, 255, 128, 0},
	{V4L2_CID_CONTRAST, V4L2_CTRL_TYPE_INTEGER, "Contrast", 0, 255, 32, 0},
	{V4L2_CID_AUTO_WHITE_BALANCE, V4L2_CTRL_TYPE_BOOLEAN, "White Balance, Automatic", 0, 1, 1, 0},
	{V4L2_CID_EXPOSURE_AUTO_PRIORITY, V4L2_CTRL_TYPE_BOOLEAN, "Exposure, Dynamic Framerate", 0, 1, 0, 0},
	{V4L2_CID_FOCUS_ABSOLUTE, V4L2_CTRL_TYPE_INTEGER, "Focus, Absolute", 0, 250, 0, 5},
	{V4L2_CID_FOCUS_AUTO, V4L2_CTRL_TYPE_BOOLEAN, "Focus, Automatic Continuous", 0, 1, 1, 0},
};

static int knob_find(uint32_t id)
{
	for (int i = 0; i < CONTROLS_MAX; i++)
		if (knobs[i].id == id)
			return i;
	return -1;
}

/* With V4L2_CTRL_FLAG_NEXT_CTRL, the control with the next higher id. */
static int knob_asked(uint32_t id)
{
	int best = -1;

	if (!(id & V4L2_CTRL_FLAG_NEXT_CTRL))
		return knob_find(id);
	id &= ~(V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND);
	for (int i = 0; i < CONTROLS_MAX; i++)
		if (knobs[i].id > id && (best < 0 || knobs[i].id < knobs[best].id))
			best = i;
	return best;
}

/* What a camera does by itself to its controls, some time after its stream has started. */
static int32_t value_of(struct camera *camera, int i)
{
	int64_t reset_us = camera->values_reset_us;

	if (reset_us && stream_now_us() >= reset_us &&
	    atomic_compare_exchange_strong(&camera->values_reset_us, &reset_us, 0))
		for (int each = 0; each < CONTROLS_MAX; each++)
			camera->values[each] = 0;
	return camera->values[i] + knobs[i].initial;
}

static bool is_overridden(struct camera *camera, int i)
{
	return knobs[i].overridden_by && value_of(camera, knobs[i].overridden_by);
}

static int query_ctrl(struct handle *handle, void *argument)
{
	struct v4l2_queryctrl *out = argument;
	int i = knob_asked(out->id);

	(void)handle;
	if (i < 0)
		return EINVAL;
	*out = (struct v4l2_queryctrl){.id = knobs[i].id, .type = knobs[i].type, .step = 1};
	out->minimum = knobs[i].least;
	out->maximum = knobs[i].most;
	out->default_value = knobs[i].initial;
	snprintf((char *)out->name, sizeof(out->name), "%s", knobs[i].name);
	return 0;
}

static int query_ext_ctrl(struct handle *handle, void *argument)
{
	struct v4l2_query_ext_ctrl *out = argument;
	int i = knob_asked(out->id);

	if (i < 0)
		return EINVAL;
	*out = (struct v4l2_query_ext_ctrl){
		.id = knobs[i].id, .type = knobs[i].type, .step = 1, .elem_size = 4, .elems = 1};
	out->flags = is_overridden(handle->camera, i) ? V4L2_CTRL_FLAG_INACTIVE : 0;
	out->minimum = knobs[i].least;
	out->maximum = knobs[i].most;
	out->default_value = knobs[i].initial;
	snprintf(out->name, sizeof(out->name), "%s", knobs[i].name);
	return 0;
}

static int get_ctrl(struct handle *handle, void *argument)
{
	struct v4l2_control *control = argument;
	int i = knob_find(control->id);

	if (i < 0)
		return EINVAL;
	control->value = value_of(handle->camera, i);
	return 0;
}

static int set_ctrl(struct handle *handle, void *argument)
{
	struct v4l2_control *control = argument;
	int i = knob_find(control->id);

	if (i < 0)
		return EINVAL;
	if (control->value < knobs[i].least || control->value > knobs[i].most)
		return ERANGE;
	if (is_overridden(handle->camera, i))
		return EACCES;
	if (!camera_fault(handle->camera, CONTROL_VALUES_STUCK))
		handle->camera->values[i] = control->value - knobs[i].initial;
	return 0;
}

/* Sets several controls: stops at the first that fails, and reports which. */
static int each_ext_ctrl(struct handle *handle, struct v4l2_ext_controls *all, int (*one)(struct handle *, void *))
{
	for (uint32_t i = 0; i < all->count; i++) {
		struct v4l2_control control = {all->controls[i].id, all->controls[i].value};
		int failed = one(handle, &control);

		if (failed) {
			all->error_idx = i;
			return failed;
		}
		all->controls[i].value = control.value;
	}
	return 0;
}

static int get_ext_ctrls(struct handle *handle, void *argument)
{
	return each_ext_ctrl(handle, argument, get_ctrl);
}

static int set_ext_ctrls(struct handle *handle, void *argument)
{
	return each_ext_ctrl(handle, argument, set_ctrl);
}

static const struct {
	uint32_t request;
	int (*answer)(struct handle *handle, void *argument); /* 0 or an errno */
} answers[] = {
	{(uint32_t)VIDIOC_QUERYCAP, v4l2_query_cap},
	{(uint32_t)VIDIOC_ENUMINPUT, v4l2_enum_input},
	{(uint32_t)VIDIOC_G_INPUT, v4l2_get_input},
	{(uint32_t)VIDIOC_S_INPUT, v4l2_set_input},
	{(uint32_t)VIDIOC_ENUM_FMT, v4l2_enum_fmt},
	{(uint32_t)VIDIOC_ENUM_FRAMESIZES, v4l2_enum_sizes},
	{(uint32_t)VIDIOC_ENUM_FRAMEINTERVALS, v4l2_enum_intervals},
	{(uint32_t)VIDIOC_G_FMT, v4l2_get_fmt},
	{(uint32_t)VIDIOC_TRY_FMT, v4l2_try_fmt},
	{(uint32_t)VIDIOC_S_FMT, v4l2_set_fmt},
	{(uint32_t)VIDIOC_G_PARM, v4l2_get_parm},
	{(uint32_t)VIDIOC_S_PARM, v4l2_set_parm},
	{(uint32_t)VIDIOC_REQBUFS, v4l2_request_buffers},
	{(uint32_t)VIDIOC_QUERYBUF, v4l2_query_buffer},
	{(uint32_t)VIDIOC_QBUF, v4l2_queue_buffer},
	{(uint32_t)VIDIOC_DQBUF, v4l2_dequeue_buffer},
	{(uint32_t)VIDIOC_STREAMON, v4l2_stream_on},
	{(uint32_t)VIDIOC_STREAMOFF, v4l2_stream_off},
	{(uint32_t)VIDIOC_QUERYCTRL, query_ctrl},
	{(uint32_t)VIDIOC_QUERY_EXT_CTRL, query_ext_ctrl},
	{(uint32_t)VIDIOC_G_CTRL, get_ctrl},
	{(uint32_t)VIDIOC_S_CTRL, set_ctrl},
	{(uint32_t)VIDIOC_G_EXT_CTRLS, get_ext_ctrls},
	{(uint32_t)VIDIOC_S_EXT_CTRLS, set_ext_ctrls},
};

int v4l2_ioctl(struct handle *handle, unsigned long request, void *argument)
{
	int failed = ENOTTY;

	if (camera_unplugged(handle->camera)) {
		errno = ENODEV;
		return -1;
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].request == (uint32_t)request)
			failed = answers[i].answer(handle, argument);
	if (failed)
		errno = failed;
	return failed ? -1 : 0;
}
