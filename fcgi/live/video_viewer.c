/* video_viewer.c - one viewer of /live.mp4. */
#include "fcgi/live/video_viewer.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "fcgi/live/live_response.h"

#define BEHIND_SPARE_US  (US_PER_S / 4)
#define GOP_MIN_US       US_PER_S
#define SKIPS_APART_US   (20 * US_PER_S) /* two skips so close together: the line does not carry the video */
#define PATIENCE_MIN_US  (10 * US_PER_S)
#define PATIENCE_MAX_US  (160 * US_PER_S)
#define CROWD            50              /* viewers: from here on each gets several frames at a time */
#define CROWD_US         400             /* per viewer: a fifth of a second for 500 of them */
#define SILENCE_LIMIT_US (10 * US_PER_S) /* the stream ends after so long without a frame */

static struct video_feed *video_of(const struct video_viewer *viewer)
{
	return viewer->feed->video;
}

static struct live_stats *counters_of(const struct video_viewer *viewer)
{
	return viewer->feed->stats.counters;
}

/* From now on key frames only, or every frame; the page is told. */
static void set_keyframes_only(struct video_viewer *viewer, bool only, int64_t time_us)
{
	struct buffer event = {0};

	viewer->keyframes_only = only;
	video_append_event(&event, live_video_word(only), time_us);
	if (!event.failed)
		video_sender_add(&viewer->sender, video_chunk_create(event.data, event.length));
	buffer_free(&event);
}

/* Whether more than a group of pictures is waiting for the viewer. */
static bool is_behind(const struct video_viewer *viewer)
{
	const struct video_feed *video = video_of(viewer);
	const struct video_frame *next = video_feed_get(video, viewer->next), *newest = video_feed_newest(video);
	int64_t gop_us = video->gop_us > GOP_MIN_US ? video->gop_us : GOP_MIN_US;

	if (!newest || viewer->next >= video->newest_key)
		return false;
	return !next || newest->mono_us - next->mono_us > gop_us + BEHIND_SPARE_US;
}

/* A second skip soon after the first one, or soon after an attempt: the line does not carry the video. */
static void note_skip(struct video_viewer *viewer, int64_t now_us, int64_t time_us)
{
	bool again = viewer->skipped_us && now_us - viewer->skipped_us < SKIPS_APART_US;
	bool attempt_failed = viewer->all_since_us && now_us - viewer->all_since_us < SKIPS_APART_US;

	viewer->skipped_us = now_us;
	if (!again && !attempt_failed)
		return;
	if (attempt_failed && viewer->patience_us < PATIENCE_MAX_US)
		viewer->patience_us *= 2;
	else if (!attempt_failed)
		viewer->patience_us = PATIENCE_MIN_US;
	viewer->try_all_us = now_us + viewer->patience_us;
	set_keyframes_only(viewer, true, time_us);
}

/* Continues with the newest key frame. */
static void skip(struct video_viewer *viewer, int64_t now_us)
{
	const struct video_frame *key = video_feed_get(video_of(viewer), video_of(viewer)->newest_key);

	atomic_fetch_add_explicit(&counters_of(viewer)->skipped, key->serial - viewer->next, memory_order_relaxed);
	viewer->next = key->serial;
	note_skip(viewer, now_us, key->time_us);
}

/* The next frame of those that the viewer gets; NULL: none yet. */
static struct video_frame *next_frame(struct video_viewer *viewer, int64_t now_us)
{
	const struct video_feed *video = video_of(viewer);

	if (!viewer->keyframes_only) {
		if (is_behind(viewer))
			skip(viewer, now_us);
		if (!viewer->keyframes_only)
			return video_feed_get(video, viewer->next);
	}
	if (video->newest_key < viewer->next)
		return NULL;
	viewer->next = video->newest_key;
	struct video_frame *key = video_feed_get(video, viewer->next);
	if (key && !viewer->keyframes_wanted && now_us >= viewer->try_all_us) {
		viewer->all_since_us = now_us;
		set_keyframes_only(viewer, false, key->time_us);
	}
	return key;
}

/* How long a group of frames is if there are many viewers; 0: each frame is sent as it comes. */
static int64_t group_us(const struct video_viewer *viewer)
{
	int64_t viewers = atomic_load_explicit(&viewer->feed->stats.own->viewers, memory_order_relaxed);

	return viewers > CROWD ? viewers * CROWD_US : 0;
}

/* The bytes of that frame, and of those up to *end with it. NULL if memory ran out. */
static struct video_chunk *chunk_of(const struct video_viewer *viewer, struct video_frame *frame, uint64_t *end)
{
	*end = frame->serial + 1;
	if (viewer->keyframes_only)
		return video_frame_lasting(frame);
	if (group_us(viewer) == 0)
		return frame->chunk;
	*end = video_of(viewer)->next;
	return video_feed_group(video_of(viewer), frame->serial, end);
}

static bool queue_frame(struct video_viewer *viewer, struct video_frame *frame)
{
	uint64_t end;
	struct video_chunk *chunk = chunk_of(viewer, frame, &end);

	if (!chunk)
		return false;
	if (frame->init->number != viewer->init_number &&
	    !video_sender_add(&viewer->sender, video_chunk_ref(frame->init->chunk)))
		return false;
	viewer->init_number = frame->init->number;
	viewer->next = end;
	viewer->last_sent = end - 1;
	return video_sender_add(&viewer->sender, video_chunk_ref(chunk));
}

/* Queues the next frames, as far as there is room. False if memory ran out. */
static bool queue_frames(struct video_viewer *viewer)
{
	int64_t now_us = mono_now().us;
	bool queued = false;

	/* Room for an event, an init segment and the frame. */
	while (viewer->sender.count + 3 <= VIDEO_SENDER_CHUNKS) {
		if (!video_sender_has_room(&viewer->sender, 1))
			break;
		struct video_frame *frame = next_frame(viewer, now_us);
		if (!frame || !video_sender_has_room(&viewer->sender, frame->chunk->wire_bytes))
			break;
		if (!queue_frame(viewer, frame))
			return false;
		queued = true;
	}
	/* At the same moments for all of them, so that they share the groups. */
	int64_t period_us = group_us(viewer);
	if (queued && period_us > 0)
		viewer->due_us = (now_us / period_us + 1) * period_us;
	return true;
}

/* Counts what the web server has taken since `before`, and the age of the newest frame if that was all. */
static void count(const struct video_viewer *viewer, uint64_t bytes_before, uint64_t frame_before)
{
	struct live_stats *counters = counters_of(viewer);
	const struct video_frame *newest = video_feed_get(video_of(viewer), viewer->last_sent);

	atomic_fetch_add_explicit(&counters->bytes, viewer->sender.taken - bytes_before, memory_order_relaxed);
	if (viewer->last_sent > frame_before)
		atomic_fetch_add_explicit(&counters->frames,
					  viewer->keyframes_only ? 1 : viewer->last_sent - frame_before,
					  memory_order_relaxed);
	if (newest && viewer->last_sent > frame_before && viewer->sender.count == 0)
		histogram_add(&counters->age, mono_now().us - newest->mono_us);
}

static enum live_viewer_action proceed(struct video_viewer *viewer)
{
	uint64_t bytes = viewer->sender.taken, frame = viewer->last_sent;
	bool good;

	if (viewer->sender.count > 0 || mono_now().us >= viewer->due_us)
		good = queue_frames(viewer);
	else
		good = true;
	good = good && video_sender_send(&viewer->sender, viewer->request->fd);
	count(viewer, bytes, frame);
	return good ? VIEWER_KEEP : VIEWER_CLOSE;
}

/* Whether the viewer gets nothing yet, judging by when the newest frame came: most offers to a crowd end here. */
static bool waits_for_group(const struct video_viewer *viewer)
{
	return viewer->sender.count == 0 && video_of(viewer)->came_us < viewer->due_us;
}

enum live_viewer_action video_viewer_offer(struct video_viewer *viewer)
{
	return waits_for_group(viewer) ? VIEWER_KEEP : proceed(viewer);
}

enum live_viewer_action video_viewer_writable(struct video_viewer *viewer)
{
	video_sender_socket_empty(&viewer->sender);
	return waits_for_group(viewer) ? VIEWER_KEEP : proceed(viewer);
}

enum live_viewer_action video_viewer_tick(struct video_viewer *viewer)
{
	const struct video_feed *video = video_of(viewer);
	int64_t window_us = viewer->feed->http.stall_seconds * US_PER_S, now_us = mono_now().us;
	bool waited_for = viewer->sender.count > 0;

	video_feed_use(viewer->feed->video);
	if (!pace_update(&viewer->pace, viewer->sender.taken, waited_for, now_us, window_us))
		return VIEWER_CLOSE;
	if (now_us - video->came_us > SILENCE_LIMIT_US || live_feed_stops_video(viewer->feed))
		return VIEWER_CLOSE;
	return proceed(viewer);
}

struct video_viewer *video_viewer_open(struct live_feed *feed, struct fastcgi_request *request,
				       const struct live_options *options)
{
	struct video_viewer *viewer = calloc(1, sizeof(*viewer));
	const struct video_frame *first = video_feed_get(feed->video, feed->video->newest_key);
	struct buffer headers = {0};

	if (!viewer || !first) {
		free(viewer);
		fastcgi_close(request);
		return NULL;
	}
	viewer->feed = feed;
	viewer->request = request;
	viewer->keyframes_only = viewer->keyframes_wanted = options->keyframes_only;
	viewer->patience_us = PATIENCE_MIN_US;
	viewer->next = first->serial;
	atomic_fetch_add(&feed->stats.own->viewers, 1);
	atomic_fetch_add(&feed->stats.counters->viewers_total, 1);
	pace_begin(&viewer->pace, 0, mono_now().us);
	live_response_append_video(&headers, request, &feed->http, first, options->keyframes_only);
	bool good = !headers.failed &&
		    video_sender_add(&viewer->sender, video_chunk_create(headers.data, headers.length)) &&
		    proceed(viewer) == VIEWER_KEEP;
	buffer_free(&headers);
	if (good)
		return viewer;
	video_viewer_close(viewer);
	return NULL;
}

void video_viewer_close(struct video_viewer *viewer)
{
	if (viewer->sender.sent == 0) {
		uint8_t end[FASTCGI_END_BYTES];
		fastcgi_end(end);
		(void)send(viewer->request->fd, end, sizeof(end), MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	video_sender_clear(&viewer->sender);
	atomic_fetch_sub(&viewer->feed->stats.own->viewers, 1);
	fastcgi_close(viewer->request);
	free(viewer);
}
