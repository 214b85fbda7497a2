/*
 * event_client.h - one client of /events/live: what it was sent, and what it is sent next. Writing never blocks.
 *
 * A client has a place among the notifications of its camera, and among the findings of its question if it asks one. It
 * is sent those that are kept there, as its socket takes them, so a slow one costs no memory of its own. One that is so
 * slow that the oldest of them are gone is told how many it has lost, and goes on; the web server ends those that take
 * nothing at all.
 */
#ifndef FCGI_LIVE_EVENT_CLIENT_H
#define FCGI_LIVE_EVENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/feed/live_feed.h"
#include "fcgi/live/live_request.h"
#include "fcgi/live/live_viewer.h"
#include "fcgi/notify/event_filter.h"
#include "fcgi/video/video_sender.h"

struct event_client {
	struct live_feed *feed;
	struct fastcgi_request *request; /* owned */
	struct video_sender sender;
	struct event_filter filter;
	struct event_question *question; /* NULL: it has none of its own */
	uint64_t next;                   /* serial number of the next notification */
	uint64_t next_finding;           /* of the question */
	struct event_position position;  /* what it has been sent or does not want, and has lost */
	uint64_t lost;                   /* it has not been told of these yet */
	const char *lost_why;            /* nobody knows how many it has lost; NULL: somebody does */
	bool state_due;
	bool running, followed; /* as it was told: the recorder runs, there are notifications */
	int64_t queued_us;      /* when something was sent last */
};

/* Whether there is something to follow: a recorder that does not run may come back. Otherwise sets *why. */
bool event_client_can_serve(struct live_feed *feed, struct reason *why);

/*
 * Sends the headers, and what the client has missed or the state. It owns the request from now on. Unless it returns
 * VIEWER_KEEP, *out is NULL: after VIEWER_CLOSE the connection is closed; after VIEWER_DONE the request was refused,
 * and the connection is the caller's (fastcgi_release).
 */
enum live_viewer_action event_client_open(struct live_feed *feed, struct fastcgi_request *request,
					  const struct live_options *options, struct event_client **out);

/* Closes the connection and frees the client. The stream gets its FastCGI end record if it is not within a block. */
void event_client_close(struct event_client *client);

/* The socket is writable. */
enum live_viewer_action event_client_writable(struct event_client *client);

/* There may be something new. */
enum live_viewer_action event_client_offer(struct event_client *client);

/* Call it several times a second: tells it that the recorder has gone or come back, and breaks the silence. */
enum live_viewer_action event_client_tick(struct event_client *client);

#endif
