/*
 * live_viewer.h - one viewer of a live stream: what it was sent, what it gets next, and the writing, which never waits.
 *
 * A viewer is idle until its camera has a picture for it, then being sent one until the socket has taken all of it.
 * What came in between is left out: it gets the newest picture there is then. Chromium shows a part only once the next
 * one's headers have come, and WebKit wants the last one twice: so a picture that no other follows is sent again after
 * half a second, and then once a second, by which it is also noticed that a viewer has gone.
 */
#ifndef FCGI_LIVE_LIVE_VIEWER_H
#define FCGI_LIVE_LIVE_VIEWER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/io/pace.h"
#include "fcgi/live/live_feed.h"
#include "fcgi/live/live_request.h"

enum live_viewer_action {
	VIEWER_KEEP,
	VIEWER_CLOSE, /* gone, overrun, or ended: the caller closes it */
};

struct live_viewer {
	struct live_feed *feed;
	struct fastcgi_request *request; /* owned */
	int64_t period_us;
	int64_t due_us;             /* not before; period_us > 0 */
	int64_t started_us;         /* of the last part */
	uint64_t taken;             /* bytes, by the socket */
	struct pace pace;           /* at which it took them */
	struct live_frame *picture; /* being sent; NULL: idle */
	size_t sent;
	size_t queued;    /* bytes sent since the socket was empty */
	uint64_t serial;  /* of the last picture begun */
	unsigned repeats; /* of it */
	uint16_t width, height;
};

/*
 * Sends the headers and the first picture; feed->newest is there. The viewer owns the request from now on. NULL
 * (request closed) where there is no memory or the peer has gone already.
 */
struct live_viewer *live_viewer_open(struct live_feed *feed, struct fastcgi_request *request,
				     const struct live_options *wish);

/* Closes the connection, frees. At a place between two parts the stream is ended as FastCGI wants it. */
void live_viewer_close(struct live_viewer *viewer);

/* The socket is empty, or nearly: the server has taken what was sent. */
enum live_viewer_action live_viewer_writable(struct live_viewer *viewer);

/* There may be a newer picture. */
enum live_viewer_action live_viewer_offer(struct live_viewer *viewer);

/* Several times a second: repeats, keeps what is being sent from being overwritten, and gives up who takes nothing. */
enum live_viewer_action live_viewer_tick(struct live_viewer *viewer);

#endif
