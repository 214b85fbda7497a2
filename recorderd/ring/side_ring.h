/*
 * side_ring.h - a small ring beside the ring of a camera: its newest video, its notifications, its motion records.
 *
 * It is created, taken over, freed and named as the camera's ring is (ring_writer.h), but nothing depends on it: if
 * /dev/shm has no room for it, that is logged, and it is tried again later.
 *
 * All calls come from the event loop.
 */
#ifndef RECORDERD_RING_SIDE_RING_H
#define RECORDERD_RING_SIDE_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "recorderd/ring/ring_writer.h"
#include "shared/base/clock.h"

#define SIDE_RING_NAME_BYTES 64
#define SIDE_RING_AGAIN_US   (60 * US_PER_S) /* after /dev/shm had no room */

struct side_ring_kind {
	const char *what; /* is missing without it, for the log: "live video (H.264)" */
	uint64_t data_bytes, index_entries;
	int64_t keep_us; /* older frames leave the tail */
	bool readable;   /* readers that have it mapped can read all of it after it was closed */
};

struct side_ring {
	char name[SIDE_RING_NAME_BYTES]; /* /recorder.NAME.… */
	const struct side_ring_kind *kind;
	uint64_t mask;            /* as in struct ring_request */
	struct ring_writer *ring; /* NULL: there is no room for it */
	uint64_t data_bytes;      /* 0: no ring */
	uint64_t adopted;         /* the newest frame that was taken over when it was opened last; 0: none */
	bool missing_logged;      /* that there is none */
	mono_t again_at;          /* no new one before then */
};

/*
 * Takes it over with its frames, or creates it. `mask` is that of struct ring_request; 0 if there are no pictures in it.
 * The caller holds the camera's lock. False if there is none now.
 */
bool side_ring_open(struct side_ring *side, const char *name, const struct side_ring_kind *kind, uint64_t mask);

/* Replaces it by one of another size, with its frames. It keeps its size if there is no room. */
void side_ring_resize(struct side_ring *side, uint64_t data_bytes);

/*
 * Call it a few times per second: opens it if there was no room, and creates it again if somebody has removed its name.
 * True if there is a new ring.
 */
bool side_ring_check(struct side_ring *side);

/* As ring_writer_put(). 0 also if there is no ring. */
uint64_t side_ring_put(struct side_ring *side, struct ring_meta *meta, const struct iovec *parts, int count);

/* Bytes of /dev/shm that such a ring takes. */
uint64_t side_ring_total_bytes(const struct side_ring_kind *kind);

/* Frees it. */
void side_ring_close(struct side_ring *side);

/* The same, and nothing in it can be read any more. */
void side_ring_empty(struct side_ring *side);

/* Leaves it to the next recorder. */
void side_ring_detach(struct side_ring *side);

/* Removes the one that an earlier recorder left, for a recorder that has none. */
void side_ring_remove_leftover(const char *name);

#endif
