/* live_client.h - a client that is being sent something: pictures, the video, a piece of it, or events, with one interface. */
#ifndef FCGI_LIVE_LIVE_CLIENT_H
#define FCGI_LIVE_LIVE_CLIENT_H

#include "fcgi/feed/live_feed.h"
#include "fcgi/live/event_client.h"
#include "fcgi/live/hls_reply.h"
#include "fcgi/live/live_request.h"
#include "fcgi/live/live_viewer.h"
#include "fcgi/live/video_viewer.h"

/* Zeroed: there is none. One of the pointers is set. */
struct live_client {
	struct live_feed *feed;
	struct live_viewer *pictures;
	struct video_viewer *video;
	struct hls_reply *hls;
	struct event_client *events;
};

/* Whether that kind of request can be served. Call live_feed_check() and live_feed_update() before. False sets *why. */
bool live_client_can_serve(struct live_feed *feed, const struct live_options *options, struct reason *why);

/* Sends the headers that a GET would get, and releases the request. */
void live_client_respond_head(const struct live_feed *feed, struct fastcgi_request *request,
			      const struct live_options *options);

/*
 * Begins to send. The client owns the request from now on. After VIEWER_CLOSE the connection is closed; after
 * VIEWER_DONE the response is complete, and the connection is the caller's. In both cases there is no client.
 */
enum live_viewer_action live_client_open(struct live_client *client, struct live_feed *feed,
					 struct fastcgi_request *request, const struct live_options *options);

static inline bool live_client_exists(const struct live_client *client)
{
	return client->feed != NULL;
}

/* What a client is sent comes from one of these. */
enum live_source { LIVE_FROM_FRAMES, LIVE_FROM_VIDEO, LIVE_FROM_EVENTS };

static inline enum live_source live_client_source(const struct live_client *client)
{
	return client->events ? LIVE_FROM_EVENTS : client->video || client->hls ? LIVE_FROM_VIDEO : LIVE_FROM_FRAMES;
}

/* The socket is writable; there may be something newer; to be called several times a second. */
enum live_viewer_action live_client_writable(struct live_client *client);
enum live_viewer_action live_client_offer(struct live_client *client);
enum live_viewer_action live_client_tick(struct live_client *client);

/* Closes the connection. */
void live_client_close(struct live_client *client);

/* After VIEWER_DONE: the connection is the caller's. */
void live_client_finish(struct live_client *client);

#endif
