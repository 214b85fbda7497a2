/* live_kind.c - what each kind of live pictures needs before it can be served, and how a HEAD is answered. */
#include "fcgi/live/live_kind.h"

#include "fcgi/live/live_response.h"

bool live_kind_can_serve(struct live_feed *feed, const struct live_options *options, struct reason *why)
{
	switch (options->kind) {
	case LIVE_STREAM:
		return live_feed_can_serve(feed, why);
	case LIVE_FRAME:
		return live_feed_can_serve(feed, why) && live_feed_is_fresh(feed, why);
	case LIVE_VIDEO:
		return live_feed_can_serve_video(feed, why);
	}
	return false;
}

void live_kind_respond_head(const struct live_feed *feed, struct fastcgi_request *request,
			    const struct live_options *options)
{
	switch (options->kind) {
	case LIVE_STREAM:
		live_respond_head(request, &feed->http, NULL);
		break;
	case LIVE_FRAME:
		live_respond_head(request, &feed->http, &feed->newest->ring_frame);
		break;
	case LIVE_VIDEO:
		live_respond_video_head(request, &feed->http, video_feed_get(feed->video, feed->video->newest_key),
					options->keyframes_only);
		break;
	}
}
