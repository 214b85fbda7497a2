/*
 * route.h - which handler answers which method and path.
 */
#ifndef FCGI_API_ROUTE_H
#define FCGI_API_ROUTE_H

#include <stdbool.h>

#include "fcgi/server/server.h"
#include "shared/config/token.h"

enum route_outcome {
	ROUTE_FOUND,
	ROUTE_NO_PATH,
	ROUTE_NO_METHOD, /* the path is there: `allow` says what it takes */
};

struct route_match {
	api_handler *handler;
	const char *params; /* that its query may have, a blank between them */
	const char *tail;   /* of the path: what stands for FILE; NUL-terminated only where the pattern ends with it */
	bool control;       /* needs a token or http.allow_control, and refuses cross-site requests */
	enum token_scope scope; /* what a token needs */
	api_handler *without;   /* it needs the disk of its camera, and this answers if that hangs; or NULL */
	char allow[64];
};

/* HEAD is taken wherever GET is. Pure. */
enum route_outcome route_find(const char *method, const char *path, struct route_match *out);

/* Finds the handler, checks what it needs, and calls it or answers with what is wrong. */
void route_dispatch(struct api_request *request);

/* The handlers, one file each. */
api_handler handle_camera_info, handle_recordings, handle_recording, handle_recording_init, handle_footage,
	handle_timeline, handle_playlist, handle_snapshot, handle_clips, handle_clip, handle_clip_keep,
	handle_clip_delete, handle_control, handle_health, handle_metrics;

#endif
