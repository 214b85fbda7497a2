/* hls_reply.c - one response for low-latency HLS. */
#include "fcgi/live/hls_reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "fcgi/io/pace.h"
#include "fcgi/live/live_response.h"
#include "fcgi/video/video_sender.h"

#define WAIT_SEGMENTS 3 /* so long at most, RFC 8216bis, 6.2.5.2 */

struct hls_reply {
	struct live_feed *feed;
	struct fastcgi_request *request; /* owned until it was answered */
	struct live_options options;
	bool answered; /* the headers are queued, or a problem was sent */
	bool ended;    /* the end of the response is queued */
	bool released; /* a problem was sent, which released the request */
	int64_t deadline_us;
	struct video_sender sender;
	struct pace pace;
	struct video_frame **frames; /* of the piece, from `next` to `count` with references */
	size_t count, next;
};

static void refuse(struct hls_reply *reply, int status, const char *sentence)
{
	struct reason why;

	reason_set(&why, "%s", sentence);
	live_respond_problem(reply->request, &reply->feed->http, status, NULL, &why);
	reply->answered = reply->ended = reply->released = true;
}

static bool queue_bytes(struct hls_reply *reply, const struct buffer *bytes)
{
	return !bytes->failed && video_sender_add(&reply->sender, video_chunk_create(bytes->data, bytes->length));
}

static bool answer_playlist(struct hls_reply *reply)
{
	struct buffer text = {0}, response = {0};
	char query[CONFIG_NAME_BYTES + 16] = "";

	if (reply->options.camera_named)
		snprintf(query, sizeof(query), "&camera=%s", reply->options.camera->camera.name);
	hls_playlist_append(reply->feed->video, query, &text);
	live_response_append_playlist(&response, reply->request, &reply->feed->http, text.length);
	buffer_append(&response, text.data, text.length);
	bool good = !text.failed && queue_bytes(reply, &response);
	buffer_free(&text);
	buffer_free(&response);
	return good;
}

static bool answer_headers(struct hls_reply *reply, size_t bytes)
{
	struct buffer headers = {0};

	live_response_append_piece(&headers, reply->request, &reply->feed->http, bytes);
	bool good = queue_bytes(reply, &headers);
	buffer_free(&headers);
	return good;
}

/* Takes a reference to each frame, since the feed may drop them before they are sent. */
static bool answer_frames(struct hls_reply *reply, uint64_t first, uint64_t end)
{
	size_t bytes = 0;

	reply->frames = calloc(end - first, sizeof(struct video_frame *));
	if (!reply->frames)
		return false;
	for (uint64_t serial = first; serial < end; serial++) {
		struct video_frame *frame = video_frame_ref(video_feed_get(reply->feed->video, serial));
		reply->frames[reply->count++] = frame;
		bytes += frame->chunk->payload_bytes;
	}
	return answer_headers(reply, bytes);
}

static bool answer_init(struct hls_reply *reply)
{
	const struct video_feed *video = reply->feed->video;

	for (uint64_t serial = video->first; serial < video->next; serial++) {
		struct video_init *init = video_feed_get(video, serial)->init;
		if (init->number == reply->options.init)
			return answer_headers(reply, init->chunk->payload_bytes) &&
			       video_sender_add(&reply->sender, video_chunk_ref(init->chunk));
	}
	refuse(reply, 404, "This init segment is too old, or does not exist yet.");
	return true;
}

/* Answers if that is possible by now. False if memory ran out. */
static bool try_to_answer(struct hls_reply *reply)
{
	const struct live_options *options = &reply->options;
	const struct video_feed *video = reply->feed->video;
	bool is_playlist = options->kind == LIVE_PLAYLIST, good = true;
	uint64_t first = 0, end = 0;

	if (options->kind == LIVE_PIECE && options->init > 0) {
		reply->answered = true;
		return answer_init(reply);
	}
	switch (is_playlist ? hls_playlist_state(video, &options->piece)
			    : hls_find(video, &options->piece, &first, &end)) {
	case HLS_COMING:
		return true;
	case HLS_COMPLETE:
		good = is_playlist ? answer_playlist(reply) : answer_frames(reply, first, end);
		break;
	case HLS_GONE:
		refuse(reply, 404, "This part of the live video is too old. Footage is at /playlist.m3u8.");
		break;
	case HLS_NEVER:
		refuse(reply, is_playlist ? 400 : 404, "There is no such part of the live video.");
		break;
	}
	reply->answered = true;
	return good;
}

static bool fill(struct hls_reply *reply)
{
	while (reply->next < reply->count &&
	       video_sender_has_room(&reply->sender, reply->frames[reply->next]->chunk->wire_bytes)) {
		struct video_frame *frame = reply->frames[reply->next++];
		bool added = video_sender_add(&reply->sender, video_chunk_ref(frame->chunk));
		video_frame_unref(frame);
		if (!added)
			return false;
	}
	if (reply->next < reply->count || reply->ended || reply->sender.count == VIDEO_SENDER_CHUNKS)
		return true;
	reply->ended = true;
	return video_sender_add(&reply->sender, video_chunk_create_end());
}

static enum live_viewer_action proceed(struct hls_reply *reply)
{
	if (!reply->answered && !try_to_answer(reply))
		return VIEWER_CLOSE;
	if (!reply->answered)
		return VIEWER_KEEP;
	if (reply->released)
		return VIEWER_DONE;
	uint64_t before = reply->sender.taken;
	if (!fill(reply) || !video_sender_send(&reply->sender, reply->request->fd))
		return VIEWER_CLOSE;
	atomic_fetch_add_explicit(&reply->feed->stats.counters->bytes, reply->sender.taken - before,
				  memory_order_relaxed);
	return reply->ended && reply->sender.count == 0 ? VIEWER_DONE : VIEWER_KEEP;
}

enum live_viewer_action hls_reply_offer(struct hls_reply *reply)
{
	return reply->answered ? VIEWER_KEEP : proceed(reply);
}

enum live_viewer_action hls_reply_writable(struct hls_reply *reply)
{
	video_sender_socket_empty(&reply->sender);
	return proceed(reply);
}

enum live_viewer_action hls_reply_tick(struct hls_reply *reply)
{
	int64_t now_us = mono_now().us, window_us = reply->feed->http.stall_seconds * US_PER_S;

	video_feed_use(reply->feed->video);
	if (!pace_update(&reply->pace, reply->sender.taken, reply->sender.count > 0, now_us, window_us))
		return VIEWER_CLOSE;
	if (!reply->answered && (now_us >= reply->deadline_us || live_feed_stops_video(reply->feed)))
		refuse(reply, 503, "The live video has stopped: what was asked for has not come.");
	return proceed(reply);
}

static void free_reply(struct hls_reply *reply)
{
	video_sender_clear(&reply->sender);
	for (; reply->next < reply->count; reply->next++)
		video_frame_unref(reply->frames[reply->next]);
	free(reply->frames);
	free(reply);
}

enum live_viewer_action hls_reply_open(struct live_feed *feed, struct fastcgi_request *request,
				       const struct live_options *options, struct hls_reply **out)
{
	struct hls_reply *reply = calloc(1, sizeof(*reply));

	*out = NULL;
	if (!reply) {
		fastcgi_close(request);
		return VIEWER_CLOSE;
	}
	reply->feed = feed;
	reply->request = request;
	reply->options = *options;
	reply->deadline_us = mono_now().us + WAIT_SEGMENTS * feed->video->segment_max_s * US_PER_S;
	pace_begin(&reply->pace, 0, mono_now().us);
	enum live_viewer_action action = proceed(reply);
	if (action == VIEWER_KEEP)
		*out = reply;
	else if (action == VIEWER_DONE)
		hls_reply_finish(reply);
	else
		hls_reply_close(reply);
	return action;
}

void hls_reply_finish(struct hls_reply *reply)
{
	if (!reply->released)
		fastcgi_release(reply->request);
	free_reply(reply);
}

void hls_reply_close(struct hls_reply *reply)
{
	if (!reply->released)
		fastcgi_close(reply->request);
	free_reply(reply);
}
