/* live_client.c - a client that is being sent something: pictures, the video, a piece of it, or events. */
#include "fcgi/live/live_client.h"

#include "fcgi/live/live_response.h"

bool live_client_can_serve(struct live_feed *feed, const struct live_options *options, struct reason *why)
{
	switch (options->kind) {
	case LIVE_STREAM:
	case LIVE_PAGE:
		return live_feed_can_serve(feed, why);
	case LIVE_FRAME:
		return live_feed_can_serve(feed, why) && live_feed_is_fresh(feed, why);
	case LIVE_VIDEO:
	case LIVE_PLAYLIST:
	case LIVE_PIECE:
		return live_feed_can_serve_video(feed, why);
	case LIVE_EVENTS:
		return event_client_can_serve(feed, why);
	}
	return false;
}

void live_client_respond_head(const struct live_feed *feed, struct fastcgi_request *request,
			      const struct live_options *options)
{
	switch (options->kind) {
	case LIVE_STREAM:
		live_respond_head(request, &feed->http, options, NULL);
		break;
	case LIVE_PAGE:
		break; /* not sent piece by piece (live_respond_page) */
	case LIVE_FRAME:
		live_respond_head(request, &feed->http, options, &feed->newest->ring_frame);
		break;
	case LIVE_VIDEO:
	case LIVE_PIECE:
		live_respond_video_head(request, &feed->http, video_feed_get(feed->video, feed->video->newest_key),
					options->keyframes_only);
		break;
	case LIVE_PLAYLIST:
		live_respond_playlist_head(request, &feed->http);
		break;
	case LIVE_EVENTS:
		live_respond_events_head(request, &feed->http);
		break;
	}
}

enum live_viewer_action live_client_open(struct live_client *client, struct live_feed *feed,
					 struct fastcgi_request *request, const struct live_options *options)
{
	enum live_viewer_action action = VIEWER_KEEP;

	*client = (struct live_client){.feed = feed};
	switch (options->kind) {
	case LIVE_STREAM:
	case LIVE_FRAME:
		action = live_viewer_open(feed, request, options, &client->pictures);
		break;
	case LIVE_VIDEO:
		client->video = video_viewer_open(feed, request, options);
		action = client->video ? VIEWER_KEEP : VIEWER_CLOSE;
		break;
	case LIVE_PLAYLIST:
	case LIVE_PIECE:
		action = hls_reply_open(feed, request, options, &client->hls);
		break;
	case LIVE_EVENTS:
		action = event_client_open(feed, request, options, &client->events);
		break;
	case LIVE_PAGE:
		break;
	}
	if (action != VIEWER_KEEP)
		*client = (struct live_client){0};
	return action;
}

enum live_viewer_action live_client_writable(struct live_client *client)
{
	if (client->pictures)
		return live_viewer_writable(client->pictures);
	if (client->events)
		return event_client_writable(client->events);
	return client->video ? video_viewer_writable(client->video) : hls_reply_writable(client->hls);
}

enum live_viewer_action live_client_offer(struct live_client *client)
{
	if (client->pictures)
		return live_viewer_offer(client->pictures);
	if (client->events)
		return event_client_offer(client->events);
	return client->video ? video_viewer_offer(client->video) : hls_reply_offer(client->hls);
}

enum live_viewer_action live_client_tick(struct live_client *client)
{
	if (client->pictures)
		return live_viewer_tick(client->pictures);
	if (client->events)
		return event_client_tick(client->events);
	return client->video ? video_viewer_tick(client->video) : hls_reply_tick(client->hls);
}

void live_client_close(struct live_client *client)
{
	if (client->pictures)
		live_viewer_close(client->pictures);
	else if (client->video)
		video_viewer_close(client->video);
	else if (client->events)
		event_client_close(client->events);
	else
		hls_reply_close(client->hls);
	*client = (struct live_client){0};
}

void live_client_finish(struct live_client *client)
{
	if (client->pictures)
		live_viewer_finish(client->pictures);
	else
		hls_reply_finish(client->hls);
	*client = (struct live_client){0};
}
