/* v4l2_controls.h - camera controls by the names that v4l2-ctl shows: brightness, exposure_dynamic_framerate. */
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

/* Sets the [controls] of the configuration, in the order of the file. Logs those that fail and goes on. */
void v4l2_controls_apply(int fd, const struct config *config);

#endif
