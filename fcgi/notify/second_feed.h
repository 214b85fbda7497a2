/*
 * second_feed.h - the motion records of the last seconds of one camera, from their ring
 * (shared/notify/notification_ring.h), for the questions of clients of /events/live.
 *
 * It keeps the newest SECOND_FEED_KEPT, and counts them: a serial number is a place in this feed.
 */
#ifndef FCGI_NOTIFY_SECOND_FEED_H
#define FCGI_NOTIFY_SECOND_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/notify/notification_ring.h"
#include "shared/ring/ring_reader.h"

#define SECOND_FEED_KEPT 1024

struct second_entry {
	struct motion_record record;
	mono_t at; /* when it came */
};

struct second_feed {
	char ring_name[NOTIFICATION_RING_NAME_BYTES];
	struct ring_reader *ring; /* NULL: there is none, or nobody has asked yet */
	uint64_t seq;             /* of the last frame that was read */
	bool used;                /* somebody has asked */
	struct second_entry entries[SECOND_FEED_KEPT];
	uint64_t first, next; /* serial numbers: [first, next) are kept */
};

/* `ring_name` is that of the camera's ring. second_feed_free() is safe on a zeroed one. */
void second_feed_init(struct second_feed *feed, const char *ring_name);
void second_feed_free(struct second_feed *feed);

/* Somebody is interested: the ring is followed from now on. */
void second_feed_use(struct second_feed *feed);

/* Takes what is new. Cheap. */
void second_feed_update(struct second_feed *feed);

/* Call it about once a second: switches to a new ring. */
void second_feed_check(struct second_feed *feed);

/* NULL if it is not there. */
const struct second_entry *second_feed_get(const struct second_feed *feed, uint64_t serial);

/* The serial number of the newest record of that second; 0: it is not there. */
uint64_t second_feed_find(const struct second_feed *feed, int64_t second);

#endif
