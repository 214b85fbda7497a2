/* state_json.h - the published state of a recorder (state.h) as JSON, for /camera_info and `recorderd --status`. */
#ifndef SHARED_RING_STATE_JSON_H
#define SHARED_RING_STATE_JSON_H

#include "shared/ring/ring_reader.h"

struct json_object;

/* `camera` is the camera's name (camera.name). The caller owns the result. */
struct json_object *state_json(const char *camera, const struct ring_reader *ring, const struct recorder_state *state);

/* Adds the sandbox of the FFmpeg that records as the members known, landlock, seccomp and missing. */
void state_json_add_sandbox(struct json_object *json, const struct recorder_state *state);

#endif
