/* route.h - the table of routes: which handler serves which method and path. */
#ifndef FCGI_API_ROUTE_H
#define FCGI_API_ROUTE_H

#include <stdbool.h>

#include "fcgi/api/remote.h"
#include "fcgi/server/server.h"
#include "shared/config/token.h"

enum route_outcome {
	ROUTE_FOUND,
	ROUTE_NO_PATH,
	ROUTE_NO_METHOD, /* the path exists: `allow` lists its methods */
};

struct route_match {
	api_handler *handler;
	const char *params;      /* that its query may have, separated by blanks */
	const char *tail;        /* the part of the path for FILE; NUL-terminated only if the pattern ends with it */
	bool control;            /* needs a token or http.allow_control, and refuses cross-site requests */
	enum token_scope scope;  /* that a token needs */
	api_handler *fallback;   /* needs the disk of its camera; called if that hangs. NULL: needs no disk */
	enum remote_need remote; /* of a camera of the store */
	char allow[64];
};

/* HEAD is accepted wherever GET is. Pure. */
enum route_outcome route_find(const char *method, const char *path, struct route_match *out);

/* Finds the handler, checks what it needs, and calls it, or responds with what is wrong. */
void route_dispatch(struct api_request *request);

/*
 * Whether this value of camera= switches the camera of POST /control on or off, and names none. If a camera is called
 * "on" or "off", it names that one.
 */
bool control_is_switch(const struct api_request *request, const char *value);

/* The handlers. */
api_handler handle_camera_info, handle_recordings, handle_recording, handle_recording_init, handle_timeline,
	handle_snapshot, handle_clips, handle_clip, handle_clip_keep, handle_clip_delete, handle_clip_relabel,
	handle_setup, handle_setup_get, handle_control, handle_health, handle_metrics, handle_misrouted_live;

#endif
