/*
 * api_controls.h - the controls of the camera in use, as the recorder published them (recorderd/v4l2_controls.h), for
 * /camera_info.
 */
#ifndef FCGI_API_CONTROLS_H
#define FCGI_API_CONTROLS_H

#include "shared/state.h"

struct json_object;

/* Moves the controls from the device that serves to `json`: "controls", and "slow" where they explain a low rate. */
void controls_add(struct json_object *json, struct json_object *devices, const struct recorder_state *state);

#endif
