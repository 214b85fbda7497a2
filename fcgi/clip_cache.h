/*
 * clip_cache.h - clips that had to be encoded, kept as complete answers in clips/cache/ while there is room.
 *
 * What the index has is not cached: it is joined out of the segments in a millisecond, and a copy would only cost disk.
 *
 * A file is named after its range, FROM_TO_SPEED.mp4 in microseconds since the epoch. Behind the clip's bytes a `free`
 * box holds what else the answer says (trailer_text() in clip_cache.c); its last four bytes are its size again, so that
 * it is found from the end. Written to a hidden temporary file and renamed, so a file that is there is whole.
 */
#ifndef FCGI_CLIP_CACHE_H
#define FCGI_CLIP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip_build.h"

struct cache_key {
	int64_t from_us, to_us;
	unsigned speed;
};

/* The clip of that range, as it was stored. False where there is none, or none that can be used. */
bool cache_find(int clips_folder, const struct cache_key *key, struct clip *out);

struct cache_store {
	int clips_folder; /* not owned */
	struct cache_key key;
	const struct clip *clip;
	uint64_t max_bytes;     /* of all cached clips: the oldest go first */
	int64_t oldest_from_us; /* clips that begin before that go, too: retention is not undone here */
};

/* Stores the clip and evicts others; for a child. 0 where that was done. */
int cache_store_run(void *store);

#endif
