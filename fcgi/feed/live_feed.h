/*
 * live_feed.h - the newest frame of one camera, from its ring, its live video and its events.
 *
 * The frame is kept when the recorder stops or is replaced, and dropped if no recorder is running again within
 * `gone_limit_us`.
 */
#ifndef FCGI_FEED_LIVE_FEED_H
#define FCGI_FEED_LIVE_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/feed/live_events.h"
#include "fcgi/feed/live_frame.h"
#include "fcgi/feed/ring_notifier.h"
#include "fcgi/video/video_feed.h"
#include "shared/config/config.h"
#include "shared/ring/live_stats.h"

struct live_feed {
	const struct config *config;
	char ring_name[64];
	int64_t gone_limit_us;
	int64_t silence_us; /* set by the caller: after which clients of /events/live get a comment */
	struct ring_notifier *notifier;
	struct live_stats_handle stats; /* must not move: it points into itself */
	struct live_ring *ring;         /* NULL: there is none */
	bool foreign;                   /* an object of another user has the ring's name; that has been logged */
	struct live_frame *newest;      /* NULL: none yet, or dropped */
	uint64_t serial;                /* counts frames, over all rings */
	uint64_t seq;                   /* of the newest frame in `ring` */
	struct video_feed *video;       /* owned */
	struct ring_notifier *video_notifier;
	struct live_events *events; /* owned */
	int64_t gone_since_us;      /* 0: the recorder is running */

	/* As the recorder published last; before that, as configured at the start. */
	uint64_t max_viewers, max_event_clients;
	struct config_http http; /* hosts, allow_origin, address_share, stall_seconds and proxies */
	enum log_level log_level;
	enum recording_state recording;
	bool camera_off;      /* its device is closed on purpose */
	bool off_by_schedule; /* by record.outside_hours, not by somebody */
	bool records_mjpeg;
	char encoder_error[256]; /* if the encoder is not working */
	char disk_error[192];    /* if the disk takes no recordings */
};

/* Starts the notifier; there need not be a ring. False sets *why. live_feed_free() is safe on a zeroed one. */
bool live_feed_init(struct live_feed *feed, const struct config *config, int64_t gone_limit_us, struct reason *why);
void live_feed_free(struct live_feed *feed);

/* Takes the newest frame of the ring, if there is a new one. Cheap. */
void live_feed_update(struct live_feed *feed);

/*
 * Checks whether the recorder is running and the ring is still its own, and switches to a new ring. Call it about
 * once a second, and for each new viewer. Sets `newest` to NULL if the recorder has been gone for too long: the
 * caller then closes its viewers.
 */
void live_feed_check(struct live_feed *feed);

/* As live_feed_check() found it. */
bool live_feed_is_running(const struct live_feed *feed);

/* What the recorder published last; false if it does not run. */
bool live_feed_state(const struct live_feed *feed, struct recorder_state *out);

/* True if a new viewer can be served; otherwise sets *why. */
bool live_feed_can_serve(const struct live_feed *feed, struct reason *why);

/* True if a new viewer of the video can be served; otherwise sets *why. Call live_feed_check() before. */
bool live_feed_can_serve_video(struct live_feed *feed, struct reason *why);

/* True if no more video will come: recording was switched off, or another recorder records MJPEG. */
bool live_feed_stops_video(const struct live_feed *feed);

/* True if the newest frame is recent enough to be shown as the current picture; otherwise sets *why. */
bool live_feed_is_fresh(const struct live_feed *feed, struct reason *why);

#endif
