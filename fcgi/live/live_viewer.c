/* live_viewer.c - see live_viewer.h. */
#include "fcgi/live/live_viewer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "fcgi/live/live_response.h"

#define REPEAT_FIRST_US (US_PER_S / 2)
#define REPEAT_US       US_PER_S

/* At the beginning, and between two parts, when the socket has room: so less than all of it is an error too. */
static bool send_small(struct live_viewer *viewer, const void *bytes, size_t length)
{
	return send(viewer->request->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

static bool send_start(struct live_viewer *viewer)
{
	struct buffer start = {0}, records = {0};
	live_response_append_stream(&start, viewer->request, &viewer->feed->http);
	buffer_printf(&start, "--" LIVE_BOUNDARY "\r\n");
	fastcgi_append(&records, start.data, start.length);
	bool sent = !start.failed && !records.failed && send_small(viewer, records.data, records.length);
	buffer_free(&start);
	buffer_free(&records);
	return sent;
}

/* The web server has all of it. */
static void count_picture(const struct live_viewer *viewer)
{
	struct live_stats *counters = viewer->feed->account.counters;
	atomic_fetch_add_explicit(&counters->frames, 1, memory_order_relaxed);
	if (viewer->repeats == 0)
		histogram_add(&counters->age, mono_now().us - viewer->picture->frame.meta.mono_us);
}

/* Pictures that came and went while it was being sent another. Who asked for fewer misses none. */
static void count_skipped(const struct live_viewer *viewer)
{
	if (viewer->serial != 0 && viewer->period_us == 0 && viewer->feed->serial > viewer->serial + 1)
		atomic_fetch_add_explicit(&viewer->feed->account.counters->skipped,
					  viewer->feed->serial - viewer->serial - 1, memory_order_relaxed);
}

/*
 * Offers the rest of one record, and no more than a full one until the server has taken that (the socket becomes
 * writable): so it never holds more of this viewer's, and the picture after it is chosen as late as can be.
 */
static enum live_viewer_action send_record(struct live_viewer *viewer)
{
	struct live_frame *picture = viewer->picture;
	if (!live_frame_preserve(picture))
		return VIEWER_CLOSE;
	ssize_t taken = live_frame_send(picture, viewer->request->fd, viewer->sent);
	if (taken < 0) {
		viewer->queued = FASTCGI_TURN_BYTES;
		return errno == EAGAIN ? VIEWER_KEEP : VIEWER_CLOSE;
	}
	viewer->sent += (size_t)taken;
	viewer->queued += (size_t)taken;
	atomic_fetch_add_explicit(&viewer->feed->account.counters->bytes, (uint64_t)taken, memory_order_relaxed);
	viewer->taken += (size_t)taken;
	if (viewer->sent == picture->wire_bytes) {
		count_picture(viewer);
		viewer->picture = NULL;
		live_frame_unref(picture);
	}
	return VIEWER_KEEP;
}

/* A new picture whose time has come. A quarter of the period is let go for the camera's jitter. */
static bool wants_new(const struct live_viewer *viewer, int64_t now_us)
{
	return viewer->serial != viewer->feed->serial && now_us + viewer->period_us / 4 >= viewer->due_us;
}

static bool wants_repeat(const struct live_viewer *viewer, int64_t now_us)
{
	return viewer->serial == viewer->feed->serial &&
	       now_us - viewer->started_us >= (viewer->repeats == 0 ? REPEAT_FIRST_US : REPEAT_US);
}

static void begin_picture(struct live_viewer *viewer, int64_t now_us)
{
	const struct live_feed *feed = viewer->feed;
	viewer->repeats = viewer->serial == feed->serial ? viewer->repeats + 1 : 0;
	if (viewer->repeats == 0) {
		viewer->due_us += viewer->period_us;
		if (viewer->due_us < now_us)
			viewer->due_us = now_us + viewer->period_us;
	}
	count_skipped(viewer);
	viewer->serial = feed->serial;
	viewer->picture = live_frame_ref(feed->newest);
	live_frame_add_viewer(viewer->picture);
	viewer->sent = 0;
	viewer->started_us = now_us;
}

/* No picture any more, or one of another size, which browsers would not take in the same stream. */
static bool stream_is_over(const struct live_viewer *viewer)
{
	const struct live_frame *newest = viewer->feed->newest;
	return !newest || newest->frame.meta.width != viewer->width || newest->frame.meta.height != viewer->height;
}

enum live_viewer_action live_viewer_offer(struct live_viewer *viewer)
{
	if (viewer->picture)
		return VIEWER_KEEP;
	if (stream_is_over(viewer))
		return VIEWER_CLOSE;
	if (viewer->queued > 0 && viewer->queued + viewer->feed->newest->wire_bytes > FASTCGI_TURN_BYTES)
		return VIEWER_KEEP;
	int64_t now_us = mono_now().us;
	if (!wants_new(viewer, now_us) && !wants_repeat(viewer, now_us))
		return VIEWER_KEEP;
	begin_picture(viewer, now_us);
	return send_record(viewer);
}

enum live_viewer_action live_viewer_writable(struct live_viewer *viewer)
{
	viewer->queued = 0;
	if (viewer->picture)
		return send_record(viewer);
	live_feed_update(viewer->feed);
	return live_viewer_offer(viewer);
}

enum live_viewer_action live_viewer_tick(struct live_viewer *viewer)
{
	bool waited_for = viewer->picture || viewer->queued > 0;
	int64_t window_us = viewer->feed->http.stall_seconds * US_PER_S;
	if (!pace_update(&viewer->pace, viewer->taken, waited_for, mono_now().us, window_us))
		return VIEWER_CLOSE;
	if (!waited_for)
		return live_viewer_offer(viewer);
	return !viewer->picture || live_frame_preserve(viewer->picture) ? VIEWER_KEEP : VIEWER_CLOSE;
}

struct live_viewer *live_viewer_open(struct live_feed *feed, struct fastcgi_request *request,
				     const struct live_options *wish)
{
	struct live_viewer *viewer = calloc(1, sizeof(*viewer));
	if (!viewer) {
		fastcgi_close(request);
		return NULL;
	}
	viewer->request = request;
	viewer->feed = feed;
	atomic_fetch_add(&feed->account.counters->viewers_total, 1);
	atomic_fetch_add(&feed->account.own->viewers, 1);
	viewer->period_us = wish->period_us;
	pace_begin(&viewer->pace, 0, mono_now().us);
	viewer->width = feed->newest->frame.meta.width;
	viewer->height = feed->newest->frame.meta.height;
	if (send_start(viewer) && live_viewer_offer(viewer) == VIEWER_KEEP)
		return viewer;
	live_viewer_close(viewer);
	return NULL;
}

void live_viewer_close(struct live_viewer *viewer)
{
	if (!viewer->picture) {
		uint8_t end[FASTCGI_END_BYTES];
		fastcgi_end(end);
		send_small(viewer, end, sizeof(end));
	}
	atomic_fetch_sub(&viewer->feed->account.own->viewers, 1);
	live_frame_unref(viewer->picture);
	fastcgi_close(viewer->request);
	free(viewer);
}
