/*
 * snapshot_cache.h - pictures that FFmpeg made a moment ago, and the row of requests that wait for it to make theirs;
 * in memory that all workers of a recorder-api share (worker_slots.h).
 *
 * One picture is made at a time, the one that was asked for last first: a pointer that is dragged over a time line
 * wants the newest. The row is short, and whoever is in it longest falls out of it. Clients of several addresses take
 * turns: who had a picture last waits while somebody else does. No address has more of the row than its share, where
 * its own oldest falls out; and where the row is full, the oldest falls out of who has most of it, so that two who ask
 * without pause leave a third one its place.
 *
 * No locks: a killed worker leaves at most a place that is never used again, or a ticket that counts for some seconds.
 */
#ifndef FCGI_POOL_SNAPSHOT_CACHE_H
#define FCGI_POOL_SNAPSHOT_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define SNAPSHOT_CACHE_ENTRIES 48u
#define SNAPSHOT_JPEG_MAX      (512u << 10) /* larger ones are not kept */
#define SNAPSHOT_QUEUE_MAX     8u
#define SNAPSHOT_CLIENTS       16u /* that are remembered to have had a picture */

/* Who waits for longer has lost its turn (a killed worker leaves such tickets). */
#define SNAPSHOT_WAIT_MAX_MS 3000u

struct snapshot_key {
	uint64_t camera; /* any number that stands for it */
	int64_t wall_us; /* of the picture itself */
	uint32_t width;  /* that was asked for; 0: not scaled */
};

/* Version: odd while it is written. The other fields are good where it is the same before and after reading. */
struct snapshot_entry {
	_Atomic uint64_t version;
	_Atomic uint64_t used; /* the shelf's tick when it was; 0: never */
	struct snapshot_key key;
	uint32_t length;
	uint8_t jpeg[SNAPSHOT_JPEG_MAX];
};

struct snapshot_cache {
	_Atomic uint64_t tick;
	_Atomic uint64_t last_ticket;             /* its number */
	_Atomic uint64_t row[SNAPSHOT_QUEUE_MAX]; /* tickets, in no order; 0: free */
	_Atomic uint64_t servings;
	_Atomic uint64_t
		served[SNAPSHOT_CLIENTS]; /* the last clients: above the client's 16 bits which serving; 0: free */
	struct snapshot_entry places[SNAPSHOT_CACHE_ENTRIES];
};

/*
 * Appends to `jpeg` the picture next to that time, at most limit_us away; *wall_us says which. False where there is
 * none.
 */
bool snapshot_cache_find_nearest(struct snapshot_cache *shelf, const struct snapshot_key *key, int64_t limit_us,
				 struct buffer *jpeg, int64_t *wall_us);

/* Puts it in the place that was not used for longest. */
void snapshot_cache_put(struct snapshot_cache *shelf, const struct snapshot_key *key, const void *jpeg, size_t length);

/*
 * A ticket at the end of the row; where that is full one falls out, and likewise of one client more than `most`. A
 * ticket rises from one to the next; it contains the low 16 bits of `client`, any number that stands for one (0: those
 * that are not told apart, and have no such limit).
 */
uint64_t snapshot_queue_join(struct snapshot_cache *shelf, uint64_t client, uint64_t most);

enum snapshot_turn {
	SNAPSHOT_TURN_NOW,     /* nobody came later, and nobody's turn it is rather */
	SNAPSHOT_TURN_LATER,   /* somebody did, or somebody's it is */
	SNAPSHOT_TURN_DROPPED, /* fell out */
};

enum snapshot_turn snapshot_queue_turn(const struct snapshot_cache *shelf, uint64_t ticket);

/* Nobody waits. */
bool snapshot_queue_is_empty(const struct snapshot_cache *shelf);

/* A picture is being made for that client. */
void snapshot_queue_served(struct snapshot_cache *shelf, uint64_t client);

/* Leaves the row; 0 and tickets that fell out are safe. */
void snapshot_queue_leave(struct snapshot_cache *shelf, uint64_t ticket);

#endif
