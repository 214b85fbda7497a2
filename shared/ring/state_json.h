/*
 * state_json.h - what a recorder publishes (state.h), as the JSON object that /camera_info and recorderd --status show.
 */
#ifndef SHARED_RING_STATE_JSON_H
#define SHARED_RING_STATE_JSON_H

#include "shared/ring/ring_reader.h"

struct json_object;

/* `camera` is its name (camera.name). The caller owns the object. */
struct json_object *state_json(const char *camera, const struct ring_reader *ring, const struct recorder_state *state);

/* How far the FFmpeg that records is kept in, as members of an object: known, landlock, seccomp, missing. */
void state_json_add_sandbox(struct json_object *json, const struct recorder_state *state);

#endif
