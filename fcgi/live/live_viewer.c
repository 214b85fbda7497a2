/* live_viewer.c - one viewer of a live stream. */
#include "fcgi/live/live_viewer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "fcgi/live/live_response.h"

#define REPEAT_FIRST_US (US_PER_S / 2)
#define REPEAT_US       US_PER_S

/* For the beginning of the stream and between two frames, when the socket has room: a short write is an error. */
static bool send_small(struct live_viewer *viewer, const void *bytes, size_t length)
{
	return send(viewer->request->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

static bool send_start(struct live_viewer *viewer, bool has_page)
{
	struct buffer start = {0}, records = {0};

	live_response_append_stream(&start, viewer->request, &viewer->feed->http, has_page);
	buffer_printf(&start, "--" LIVE_BOUNDARY "\r\n");
	fastcgi_append(&records, start.data, start.length);
	bool sent = !start.failed && !records.failed && send_small(viewer, records.data, records.length);
	buffer_free(&start);
	buffer_free(&records);
	return sent;
}

/* The one frame of a response, with its headers. */
static bool begin_response(struct live_viewer *viewer)
{
	const struct live_frame *newest = viewer->feed->newest;
	struct buffer headers = {0};

	live_response_append_frame(&headers, viewer->request, &viewer->feed->http, &newest->ring_frame);
	if (!headers.failed)
		viewer->frame =
			live_frame_create_response(newest->ring, &newest->ring_frame, headers.data, headers.length);
	buffer_free(&headers);
	return viewer->frame != NULL;
}

/* The end of a response, which has to wait while the socket is full. */
static enum live_viewer_action end_response(struct live_viewer *viewer)
{
	uint8_t end[FASTCGI_END_BYTES];

	fastcgi_end(end);
	if (send_small(viewer, end, sizeof(end)))
		return VIEWER_DONE;
	return errno == EAGAIN ? VIEWER_KEEP : VIEWER_CLOSE;
}

/* The web server has the whole frame. */
static void count_frame(const struct live_viewer *viewer)
{
	struct live_stats *counters = viewer->feed->stats.counters;

	atomic_fetch_add_explicit(&counters->frames, 1, memory_order_relaxed);
	if (viewer->repeats == 0)
		histogram_add(&counters->age, mono_now().us - viewer->frame->ring_frame.meta.mono_us);
}

/*
 * Counts frames that the viewer missed while it was being sent another. A viewer that asked for a lower rate misses
 * none.
 */
static void count_skipped(const struct live_viewer *viewer)
{
	if (viewer->serial != 0 && viewer->period_us == 0 && viewer->feed->serial > viewer->serial + 1)
		atomic_fetch_add_explicit(&viewer->feed->stats.counters->skipped,
					  viewer->feed->serial - viewer->serial - 1, memory_order_relaxed);
}

/*
 * Writes the rest of one record. The next one follows only when the web server has taken this one (the socket
 * becomes writable). So the server never holds more than one record of this viewer, and the next frame is chosen as
 * late as possible.
 */
static enum live_viewer_action send_record(struct live_viewer *viewer)
{
	struct live_frame *frame = viewer->frame;

	if (!live_frame_preserve(frame))
		return VIEWER_CLOSE;
	ssize_t taken = live_frame_send(frame, viewer->request->fd, viewer->sent);
	if (taken < 0) {
		viewer->queued = FASTCGI_TURN_BYTES;
		return errno == EAGAIN ? VIEWER_KEEP : VIEWER_CLOSE;
	}
	viewer->sent += (size_t)taken;
	viewer->queued += (size_t)taken;
	atomic_fetch_add_explicit(&viewer->feed->stats.counters->bytes, (uint64_t)taken, memory_order_relaxed);
	viewer->taken += (size_t)taken;
	if (viewer->sent < frame->wire_bytes)
		return VIEWER_KEEP;
	if (!viewer->single)
		count_frame(viewer);
	viewer->frame = NULL;
	live_frame_unref(frame);
	return viewer->single ? end_response(viewer) : VIEWER_KEEP;
}

/* There is a new frame and it is due. A quarter of the period is allowed for the camera's jitter. */
static bool wants_new(const struct live_viewer *viewer, int64_t now_us)
{
	return viewer->serial != viewer->feed->serial && now_us + viewer->period_us / 4 >= viewer->due_us;
}

static bool wants_repeat(const struct live_viewer *viewer, int64_t now_us)
{
	return viewer->serial == viewer->feed->serial &&
	       now_us - viewer->started_us >= (viewer->repeats == 0 ? REPEAT_FIRST_US : REPEAT_US);
}

static void begin_frame(struct live_viewer *viewer, int64_t now_us)
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
	viewer->frame = live_frame_ref(feed->newest);
	live_frame_add_viewer(viewer->frame);
	viewer->sent = 0;
	viewer->started_us = now_us;
}

/* There is no frame any more, or it has another size, which browsers do not accept within one stream. */
static bool stream_is_over(const struct live_viewer *viewer)
{
	const struct live_frame *newest = viewer->feed->newest;

	return !newest || newest->ring_frame.meta.width != viewer->width ||
	       newest->ring_frame.meta.height != viewer->height;
}

enum live_viewer_action live_viewer_offer(struct live_viewer *viewer)
{
	if (viewer->frame || viewer->single)
		return VIEWER_KEEP;
	if (stream_is_over(viewer))
		return VIEWER_CLOSE;
	if (viewer->queued > 0 && viewer->queued + viewer->feed->newest->wire_bytes > FASTCGI_TURN_BYTES)
		return VIEWER_KEEP;
	int64_t now_us = mono_now().us;
	if (!wants_new(viewer, now_us) && !wants_repeat(viewer, now_us))
		return VIEWER_KEEP;
	begin_frame(viewer, now_us);
	return send_record(viewer);
}

enum live_viewer_action live_viewer_writable(struct live_viewer *viewer)
{
	viewer->queued = 0;
	if (viewer->frame)
		return send_record(viewer);
	if (viewer->single)
		return end_response(viewer);
	live_feed_update(viewer->feed);
	return live_viewer_offer(viewer);
}

enum live_viewer_action live_viewer_tick(struct live_viewer *viewer)
{
	bool waited_for = viewer->frame || viewer->single || viewer->queued > 0;
	int64_t window_us = viewer->feed->http.stall_seconds * US_PER_S;

	if (!pace_update(&viewer->pace, viewer->taken, waited_for, mono_now().us, window_us))
		return VIEWER_CLOSE;
	if (!waited_for)
		return live_viewer_offer(viewer);
	return !viewer->frame || live_frame_preserve(viewer->frame) ? VIEWER_KEEP : VIEWER_CLOSE;
}

static enum live_viewer_action send_first(struct live_viewer *viewer, bool has_page)
{
	if (viewer->single)
		return begin_response(viewer) ? send_record(viewer) : VIEWER_CLOSE;
	atomic_fetch_add(&viewer->feed->stats.counters->viewers_total, 1);
	return send_start(viewer, has_page) ? live_viewer_offer(viewer) : VIEWER_CLOSE;
}

enum live_viewer_action live_viewer_open(struct live_feed *feed, struct fastcgi_request *request,
					 const struct live_options *options, struct live_viewer **out)
{
	struct live_viewer *viewer = calloc(1, sizeof(*viewer));

	*out = NULL;
	if (!viewer) {
		fastcgi_close(request);
		return VIEWER_CLOSE;
	}
	viewer->request = request;
	viewer->feed = feed;
	viewer->single = options->kind == LIVE_FRAME;
	atomic_fetch_add(&feed->stats.own->viewers, 1);
	viewer->period_us = options->period_us;
	pace_begin(&viewer->pace, 0, mono_now().us);
	viewer->width = feed->newest->ring_frame.meta.width;
	viewer->height = feed->newest->ring_frame.meta.height;
	enum live_viewer_action action = send_first(viewer, options->has_page);
	if (action == VIEWER_KEEP)
		*out = viewer;
	else if (action == VIEWER_DONE)
		live_viewer_finish(viewer);
	else
		live_viewer_close(viewer);
	return action;
}

void live_viewer_finish(struct live_viewer *viewer)
{
	atomic_fetch_sub(&viewer->feed->stats.own->viewers, 1);
	fastcgi_release(viewer->request);
	free(viewer);
}

void live_viewer_close(struct live_viewer *viewer)
{
	if (!viewer->frame && !viewer->single) {
		uint8_t end[FASTCGI_END_BYTES];
		fastcgi_end(end);
		send_small(viewer, end, sizeof(end));
	}
	atomic_fetch_sub(&viewer->feed->stats.own->viewers, 1);
	live_frame_unref(viewer->frame);
	fastcgi_close(viewer->request);
	free(viewer);
}
