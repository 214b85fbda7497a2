/*
 * notification_feed.h - the notifications of one camera, from their ring (shared/notify/notification_ring.h), for all
 * clients of /events/live.
 *
 * It keeps the newest NOTIFICATION_FEED_KEPT as they go over the wire, once for all clients, and counts them: a serial
 * number is a place in this feed, and means nothing to another process. It outlives the ring: the one that the next
 * recorder makes or takes over continues it.
 */
#ifndef FCGI_NOTIFY_NOTIFICATION_FEED_H
#define FCGI_NOTIFY_NOTIFICATION_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/notify/event_position.h"
#include "fcgi/video/video_chunk.h"
#include "shared/notify/notification_ring.h"
#include "shared/ring/ring_reader.h"

#define NOTIFICATION_FEED_KEPT 1024

struct notification_entry {
	struct notification_record record;
	struct video_chunk *data; /* the lines event and data (event_stream.h) */
	struct video_chunk *id;   /* the line id, which ends the block */
};

struct notification_feed {
	char ring_name[NOTIFICATION_RING_NAME_BYTES];
	struct ring_reader *ring; /* NULL: there is none, or nobody has asked yet */
	uint64_t seq;             /* of the last frame that was read */
	bool used;                /* somebody has asked */
	struct notification_entry entries[NOTIFICATION_FEED_KEPT];
	uint64_t first, next; /* serial numbers: [first, next) are kept */
};

/* `ring_name` is that of the camera's ring. notification_feed_free() is safe on a zeroed one. */
void notification_feed_init(struct notification_feed *feed, const char *ring_name);
void notification_feed_free(struct notification_feed *feed);

/* Somebody is interested: the ring is followed from now on. */
void notification_feed_use(struct notification_feed *feed);

/* Takes what is new. Cheap. */
void notification_feed_update(struct notification_feed *feed);

/* Call it about once a second: switches to a new ring. */
void notification_feed_check(struct notification_feed *feed);

/* The entry with that serial number, or the newest one; NULL if it is not there. */
const struct notification_entry *notification_feed_get(const struct notification_feed *feed, uint64_t serial);
const struct notification_entry *notification_feed_newest(const struct notification_feed *feed);

/*
 * Finds the notification after `position`. Returns false if nobody knows what came after it; *serial is then that of
 * the next notification. If some of those after it are gone, *serial is that of the oldest one that is kept.
 */
bool notification_feed_find(const struct notification_feed *feed, const struct event_position *position,
			    uint64_t *serial);

#endif
