/*
 * v4l2_controls.h - camera controls by the names that v4l2-ctl shows: brightness, exposure_dynamic_framerate. A name
 * that another version of Linux has for a control is understood too (exposure_auto_priority).
 */
#ifndef RECORDERD_V4L2_V4L2_CONTROLS_H
#define RECORDERD_V4L2_V4L2_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

#define V4L2_CONTROLS_MAX       256 /* a driver that enumerates more is going round in circles */
#define V4L2_CONTROL_NAME_BYTES 33

struct json_object;

/*
 * The camera's next control after control->id (0: the first), and its name as v4l2-ctl shows it. Skips disabled
 * controls and class headings. False after the last one.
 */
bool v4l2_control_next(int fd, struct v4l2_query_ext_ctrl *control, char name[V4L2_CONTROL_NAME_BYTES]);

/*
 * The controls that take one number, as a JSON array: name, label, type, min, max, step, default, value, menu (value
 * and name of each entry), inactive (another control overrides it), read_only. The caller owns it.
 */
struct json_object *v4l2_controls_json(int fd);

/*
 * A text from a driver, which has room for `bytes` and need not be terminated. Anything but printable ASCII could make
 * it invalid for strict readers, so it becomes a question mark.
 */
struct json_object *v4l2_text_json(const char *text, size_t bytes);

/*
 * Sets one control of an open camera. `value` is an integer, on/off/yes/no/true/false, or the text of a menu entry.
 * *now is the value that the driver made of it. False and *why if the camera has no such control (*why lists those it
 * has) or rejects the value.
 */
bool v4l2_control_set(int fd, const char *name, const char *value, int64_t *now, struct reason *why);

/* The same without setting it: finds the control and parses the value. */
bool v4l2_control_find(int fd, const char *name, const char *value, struct v4l2_query_ext_ctrl *control,
		       int64_t *number, struct reason *why);

/* VIDIOC_S_EXT_CTRLS; *inout is then the value that the driver made of it. VIDIOC_G_EXT_CTRLS. False with errno. */
bool v4l2_control_write(int fd, const struct v4l2_query_ext_ctrl *control, int64_t *inout);
bool v4l2_control_read(int fd, const struct v4l2_query_ext_ctrl *control, int64_t *out);

/*
 * Sets the [controls] of the configuration, in an order that works: many controls are inactive, or refuse to be set,
 * while another one is on automatic (focus, exposure, white balance). So switches and menus are set first, and what
 * did not work is tried again after the others, as long as that helps. Logs what is set.
 */
void v4l2_controls_apply(int fd, const struct config *config);

/*
 * Reads the [controls] back, some time after v4l2_controls_apply(), and applies them again if one of them does not have
 * its value. Returns how many did not; *why is then a list of them with what they have instead.
 */
size_t v4l2_controls_check(int fd, const struct config *config, struct reason *why);

#endif
