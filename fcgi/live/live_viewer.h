/*
 * live_viewer.h - one viewer of a live stream: what it was sent, and what it is sent next. Writing never blocks.
 *
 * A viewer is idle until its camera has a frame for it. It is then sent that frame until the socket has taken all
 * of it, and continues with the newest frame; those in between are skipped. Chromium displays a part only when the
 * headers of the next one have arrived, and WebKit needs the last one twice. So a frame that is not followed by
 * another one is sent again after half a second, and then once a second, which also reveals viewers that have gone.
 *
 * A viewer that asked for a single frame gets one response with a length, as any other file.
 */
#ifndef FCGI_LIVE_LIVE_VIEWER_H
#define FCGI_LIVE_LIVE_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/feed/live_feed.h"
#include "fcgi/io/pace.h"
#include "fcgi/live/live_request.h"

enum live_viewer_action {
	VIEWER_KEEP,
	VIEWER_CLOSE, /* the viewer is gone or too slow, or the stream has ended: the caller closes it */
	VIEWER_DONE,  /* it has its single frame: the caller calls live_viewer_finish() */
};

struct live_viewer {
	struct live_feed *feed;
	struct fastcgi_request *request; /* owned */
	int64_t period_us;
	int64_t due_us;           /* no new frame before then, if period_us > 0 */
	int64_t started_us;       /* when the last frame was begun */
	uint64_t taken;           /* bytes that the socket took */
	struct pace pace;         /* at which it took them */
	struct live_frame *frame; /* being sent; NULL: idle */
	size_t sent;              /* of that frame */
	size_t queued;            /* bytes sent since the socket was last empty */
	uint64_t serial;          /* of the last frame begun */
	unsigned repeats;         /* of that frame */
	uint16_t width, height;
	bool single; /* gets one frame as a whole response */
};

/*
 * Sends the headers and the first frame; feed->newest must not be NULL. The viewer owns the request from now on. Unless
 * it returns VIEWER_KEEP, *out is NULL: after VIEWER_CLOSE the connection is closed, because memory ran out or the peer
 * has gone; after VIEWER_DONE the response is complete, and the connection is the caller's (fastcgi_release).
 */
enum live_viewer_action live_viewer_open(struct live_feed *feed, struct fastcgi_request *request,
					 const struct live_options *options, struct live_viewer **out);

/* Closes the connection and frees the viewer. Between two frames the stream gets its FastCGI end record. */
void live_viewer_close(struct live_viewer *viewer);

/* Frees a viewer that is done. The connection is the caller's (fastcgi_release). */
void live_viewer_finish(struct live_viewer *viewer);

/* The socket is writable: the web server has taken what was sent. */
enum live_viewer_action live_viewer_writable(struct live_viewer *viewer);

/* There may be a newer frame. */
enum live_viewer_action live_viewer_offer(struct live_viewer *viewer);

/*
 * Call it several times a second: repeats the last frame, keeps the one being sent, and gives up a viewer that
 * reads nothing.
 */
enum live_viewer_action live_viewer_tick(struct live_viewer *viewer);

#endif
