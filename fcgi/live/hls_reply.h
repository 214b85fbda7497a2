/*
 * hls_reply.h - one response for low-latency HLS: a playlist, an init segment, a segment or a part. Writing never
 * blocks.
 *
 * What is asked for may not be there yet; the response then waits for it (RFC 8216bis, 6.2.5.2, and the preload hints
 * of 4.4.5.3), but no longer than three segments take.
 */
#ifndef FCGI_LIVE_HLS_REPLY_H
#define FCGI_LIVE_HLS_REPLY_H

#include "fcgi/feed/live_feed.h"
#include "fcgi/live/live_request.h"
#include "fcgi/live/live_viewer.h"

struct hls_reply;

/*
 * Sends the response, or waits for what it needs; the feed must be live. The reply owns the request from now on. Unless
 * it returns VIEWER_KEEP, *out is NULL: after VIEWER_CLOSE the connection is closed; after VIEWER_DONE the response is
 * complete, and the connection is the caller's (fastcgi_release).
 */
enum live_viewer_action hls_reply_open(struct live_feed *feed, struct fastcgi_request *request,
				       const struct live_options *options, struct hls_reply **out);
enum live_viewer_action hls_reply_writable(struct hls_reply *reply);
enum live_viewer_action hls_reply_offer(struct hls_reply *reply);
enum live_viewer_action hls_reply_tick(struct hls_reply *reply);
void hls_reply_close(struct hls_reply *reply);
void hls_reply_finish(struct hls_reply *reply);

#endif
