/*
 * clip_cache.h - clips that were answered, kept as complete files in clips/cache (shared/segment/clip_cache_files.h)
 * while there is room, so that they outlive what is deleted for disk space.
 *
 * Behind the clip's bytes a `free` box holds what else the answer says (trailer_text() in clip_cache.c); its last four
 * bytes are its size again, so that it is found from the end. A file gets its name when it is whole and synced.
 */
#ifndef FCGI_CLIP_CLIP_CACHE_H
#define FCGI_CLIP_CLIP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_build.h"
#include "shared/segment/clip_cache_files.h"

/* The clip of that range, as it was stored. False where there is none, or none that can be used. */
bool clip_cache_find(int clips_folder, const struct clip_cache_key *key, struct clip *out);

struct clip_cache_store {
	int clips_folder; /* not owned */
	struct clip_cache_key key;
	const struct clip *clip;
	uint64_t max_bytes;     /* of all cached clips: the oldest go first */
	uint64_t reserve_bytes; /* that stay free on the disk */
	int wait_ms;            /* for another one that is being written */
};

/* No clip takes more than this share of what is cached. */
#define CLIP_CACHE_SHARE_MAX 8u

/* Evicts what is in the way and writes, one at a time; for a child. 0 where that was done. */
int clip_cache_store_run(const struct clip_cache_store *store);

#endif
