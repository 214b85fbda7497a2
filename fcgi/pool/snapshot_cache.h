/*
 * snapshot_cache.h - JPEGs that FFmpeg made a moment ago, in memory that all workers share (worker_slots.h).
 *
 * No locks: a worker that is killed while it writes leaves at most an entry that is never used again.
 */
#ifndef FCGI_POOL_SNAPSHOT_CACHE_H
#define FCGI_POOL_SNAPSHOT_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define SNAPSHOT_CACHE_ENTRIES 48u
#define SNAPSHOT_JPEG_MAX      (512u << 10) /* larger ones are not kept */

struct snapshot_key {
	uint64_t camera; /* any number that identifies the camera */
	int64_t wall_us; /* of the frame */
	uint32_t width;  /* as requested; 0: not scaled */
};

/*
 * The version is odd while the entry is being written. What was read is valid if the version was the same before
 * and after.
 */
struct snapshot_entry {
	_Atomic uint64_t version;
	_Atomic uint64_t used; /* the cache's tick at its last use; 0: never */
	struct snapshot_key key;
	uint32_t length;
	uint8_t jpeg[SNAPSHOT_JPEG_MAX];
};

/* Zeroed: empty. */
struct snapshot_cache {
	_Atomic uint64_t tick;
	struct snapshot_entry entries[SNAPSHOT_CACHE_ENTRIES];
};

/*
 * Appends to `jpeg` the picture nearest to that time, at most limit_us away; *wall_us is its time. False if there
 * is none.
 */
bool snapshot_cache_find_nearest(struct snapshot_cache *cache, const struct snapshot_key *key, int64_t limit_us,
				 struct buffer *jpeg, int64_t *wall_us);

/* Stores a copy in place of the least recently used entry. */
void snapshot_cache_put(struct snapshot_cache *cache, const struct snapshot_key *key, const void *jpeg, size_t length);

#endif
