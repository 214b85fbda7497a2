/*
 * live_feed.h - one camera's newest picture, kept up with by way of its ring, whatever happens to the recorder.
 *
 * The newest picture stays when the recorder stops or is replaced, and goes when no recorder is back within
 * `gone_limit_us`.
 */
#ifndef FCGI_LIVE_LIVE_FEED_H
#define FCGI_LIVE_LIVE_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/live/live_frame.h"
#include "fcgi/live/ring_notifier.h"
#include "shared/config/config.h"
#include "shared/ring/live_stats.h"

struct live_feed {
	const struct config *config;
	char ring_name[64];
	int64_t gone_limit_us;
	struct ring_notifier *bell;
	struct live_stats_handle account; /* stays where it is: it points into itself */
	struct live_ring *ring;           /* NULL: there is none */
	bool foreign;                     /* another user's has the ring's name, and that was logged */
	struct live_frame *newest;        /* NULL: none yet, or gone */
	uint64_t serial;                  /* counts the pictures, over all rings */
	uint64_t seq;                     /* of the newest in `ring` */
	int64_t gone_since_us;            /* 0: the recorder is there */
	uint64_t max_viewers;             /* as the recorder said last, or as the configuration did at the start */
	struct config_http http;  /* likewise, its hosts, allow_origin, address_share, stall_seconds and proxies */
	enum log_level log_level; /* likewise */
};

/* Starts the bell; the ring need not be there. live_feed_finish() is safe on a zeroed one. */
bool live_feed_init(struct live_feed *feed, const struct config *config, int64_t gone_limit_us, struct reason *why);
void live_feed_finish(struct live_feed *feed);

/* Takes the newest frame of the ring, if there is a newer one. Cheap. */
void live_feed_update(struct live_feed *feed);

/*
 * Looks whether the recorder is there and the ring still its, and changes over to a new one. About once a second, and
 * for each new viewer. Sets newest to NULL where the recorder has stayed away for too long: its viewers have to be
 * ended.
 */
void live_feed_check(struct live_feed *feed);

/* True where a new viewer can be served; else a sentence. */
bool live_feed_can_serve(const struct live_feed *feed, struct reason *why);

#endif
