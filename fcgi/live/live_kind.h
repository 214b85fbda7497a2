/* live_kind.h - what each kind of live pictures needs before it can be served, and how a HEAD is answered. */
#ifndef FCGI_LIVE_LIVE_KIND_H
#define FCGI_LIVE_LIVE_KIND_H

#include "fcgi/live/live_feed.h"
#include "fcgi/live/live_request.h"

/* Call live_feed_check() and live_feed_update() before. False sets *why. */
bool live_kind_can_serve(struct live_feed *feed, const struct live_options *options, struct reason *why);

/* Sends the headers that a GET would get, and releases the request. */
void live_kind_respond_head(const struct live_feed *feed, struct fastcgi_request *request,
			    const struct live_options *options);

#endif
