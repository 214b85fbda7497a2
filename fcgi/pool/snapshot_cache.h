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

#define SHELF_PLACES   48u
#define SHELF_JPEG_MAX (512u << 10) /* larger ones are not kept */
#define SHELF_ROW      8u
#define SHELF_CLIENTS  16u /* that are remembered to have had a picture */

/* Who waits for longer has lost its turn (a killed worker leaves such tickets). */
#define SHELF_WAIT_MAX_MS 3000u

struct shelf_key {
	uint64_t camera; /* any number that stands for it */
	int64_t wall_us; /* of the picture itself */
	uint32_t width;  /* that was asked for; 0: not scaled */
};

/* Version: odd while it is written. The other fields are good where it is the same before and after reading. */
struct shelf_place {
	_Atomic uint64_t version;
	_Atomic uint64_t used; /* the shelf's tick when it was; 0: never */
	struct shelf_key key;
	uint32_t length;
	uint8_t jpeg[SHELF_JPEG_MAX];
};

struct still_shelf {
	_Atomic uint64_t tick;
	_Atomic uint64_t last_ticket;    /* its number */
	_Atomic uint64_t row[SHELF_ROW]; /* tickets, in no order; 0: free */
	_Atomic uint64_t servings;
	_Atomic uint64_t
		served[SHELF_CLIENTS]; /* the last clients: above the client's 16 bits which serving; 0: free */
	struct shelf_place places[SHELF_PLACES];
};

/*
 * Appends to `jpeg` the picture next to that time, at most limit_us away; *wall_us says which. False where there is
 * none.
 */
bool shelf_nearest(struct still_shelf *shelf, const struct shelf_key *key, int64_t limit_us, struct buffer *jpeg,
		   int64_t *wall_us);

/* Puts it in the place that was not used for longest. */
void shelf_put(struct still_shelf *shelf, const struct shelf_key *key, const void *jpeg, size_t length);

/*
 * A ticket at the end of the row; where that is full one falls out, and likewise of one client more than `most`. A
 * ticket rises from one to the next; it contains the low 16 bits of `client`, any number that stands for one (0: those
 * that are not told apart, and have no such limit).
 */
uint64_t shelf_wait(struct still_shelf *shelf, uint64_t client, uint64_t most);

enum shelf_turn {
	SHELF_NEXT,   /* nobody came later, and nobody's turn it is rather */
	SHELF_BEHIND, /* somebody did, or somebody's it is */
	SHELF_OUT,    /* fell out */
};

enum shelf_turn shelf_turn_of(const struct still_shelf *shelf, uint64_t ticket);

/* Nobody waits. */
bool shelf_row_is_empty(const struct still_shelf *shelf);

/* A picture is being made for that client. */
void shelf_serve(struct still_shelf *shelf, uint64_t client);

/* Leaves the row; 0 and tickets that fell out are safe. */
void shelf_leave(struct still_shelf *shelf, uint64_t ticket);

#endif
