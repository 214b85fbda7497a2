/* v4l2_controls.h - camera controls by the names that people see in v4l2-ctl: brightness, exposure_dynamic_framerate.
 */
#ifndef RECORDERD_V4L2_CONTROLS_H
#define RECORDERD_V4L2_CONTROLS_H

#include <stdbool.h>

#include "shared/config.h"
#include "shared/reason.h"

/*
 * Sets one control of an open camera. `value` is a whole number, on/off/yes/no/true/false, or the text of a menu entry.
 * False where the camera has no such control (the sentence lists them), or refuses the value.
 */
bool v4l2_control_set(int fd, const char *name, const char *value, struct reason *why);

/* Sets those of [controls], in the file's order; what fails is logged and passed over. */
void v4l2_controls_apply(int fd, const struct config *config);

#endif
