/* v4l2_controls.h - camera controls by the names that people see in v4l2-ctl: brightness, exposure_dynamic_framerate.
 */
#ifndef RECORDERD_V4L2_V4L2_CONTROLS_H
#define RECORDERD_V4L2_V4L2_CONTROLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/videodev2.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

#define V4L2_CONTROLS_MAX       256 /* an enumeration that goes on past it goes round in circles */
#define V4L2_CONTROL_NAME_BYTES 33

struct json_object;

/*
 * The camera's next control after control->id (0: the first), and its name as people see it; disabled ones and the
 * headings of classes are passed over. False behind the last.
 */
bool v4l2_control_next(int fd, struct v4l2_query_ext_ctrl *control, char name[V4L2_CONTROL_NAME_BYTES]);

/*
 * The controls that take one number, as a JSON array: name, label, type, min, max, step, default, value, menu (value
 * and name of each entry), inactive (another control overrules it), read_only.
 */
struct json_object *v4l2_controls_json(int fd);

/* A text from a driver, which has room for that many bytes and need not be terminated. What is no ASCII would make it
 * invalid for strict readers: it becomes a question mark. */
struct json_object *v4l2_text_json(const char *text, size_t bytes);

/*
 * Sets one control of an open camera. `value` is a whole number, on/off/yes/no/true/false, or the text of a menu entry.
 * *now is what the driver made of it. False where the camera has no such control (the sentence lists them), or refuses
 * the value.
 */
bool v4l2_control_set(int fd, const char *name, const char *value, int64_t *now, struct reason *why);

/* Sets those of [controls], in the file's order; what fails is logged and passed over. */
void v4l2_controls_apply(int fd, const struct config *config);

#endif
