/* live_request.h - reading a request to recorder-live. Pure. */
#ifndef FCGI_LIVE_LIVE_REQUEST_H
#define FCGI_LIVE_LIVE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/notify/event_filter.h"
#include "fcgi/video/hls_playlist.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

enum live_kind {
	LIVE_STREAM,   /* JPEGs, one after the other */
	LIVE_PAGE,     /* a page that has the stream in it (live_page.h) */
	LIVE_FRAME,    /* one JPEG as a whole response */
	LIVE_VIDEO,    /* H.264, as a fragmented MP4 without an end */
	LIVE_PLAYLIST, /* low-latency HLS of it */
	LIVE_PIECE,    /* an init segment, a segment or a part of that */
	LIVE_EVENTS,   /* server-sent events */
};

struct live_options {
	enum live_kind kind;
	const struct config *camera;
	int64_t period_us;   /* at most one frame per period; 0: every frame */
	bool keyframes_only; /* of the video */
	bool camera_named;
	bool has_page;          /* of LIVE_STREAM: at this address a person gets LIVE_PAGE instead */
	struct hls_piece piece; /* of the video, or that the playlist must have */
	uint64_t init;          /* of LIVE_PIECE: the number of an init segment, which is asked for instead; 0: none */
	struct event_filter events; /* of LIVE_EVENTS */
	bool head_only;
};

/* The camera that the query names, or the first if it names none; NULL if there is no camera of that name. */
const struct config *live_request_camera(const struct config_set *cameras, const char *query);

/*
 * Returns 200 and fills in *out, or returns the status of a refusal and sets *why: 404 for an unknown path or
 * camera, 405 for another method than GET and HEAD, 400 for an invalid parameter. out->head_only is always set.
 */
int live_request_read(const struct config_set *cameras, const char *method, const char *path, const char *query,
		      struct live_options *out, struct reason *why);

#endif
