/*
 * clip_cache.h - keeps copies of answered clips, so that they outlive footage that is deleted for space.
 *
 * A cached clip is a whole file in clips/cache (shared/segment/clip_cache_files.h). A `free` box after the clip's bytes
 * holds what else the answer needs (trailer_text() in clip_cache.c). The box repeats its size in its last four bytes,
 * so a reader finds it from the end of the file. A file gets its name only when it is complete and synced.
 */
#ifndef FCGI_CLIP_CLIP_CACHE_H
#define FCGI_CLIP_CLIP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_build.h"
#include "shared/segment/clip_cache_files.h"

/* Finds the cached clip of that range; the caller frees *out. Returns false if there is none, or if it is damaged. */
bool clip_cache_find(int clips_folder, const struct clip_cache_key *key, struct clip *out);

struct clip_cache_store {
	int clips_folder; /* not owned */
	struct clip_cache_key key;
	const struct clip *clip; /* not owned */
	uint64_t max_bytes;      /* limit for all cached clips together; the oldest are evicted first */
	uint64_t reserve_bytes;  /* stay free on the disk */
	int wait_ms;             /* how long to wait while another clip is being stored */
};

/* A single clip may take at most 1 / CLIP_CACHE_SHARE_MAX of the cache. */
#define CLIP_CACHE_SHARE_MAX 8u

/* Evicts old clips as needed and stores the new one; for a child process. Returns an exit status: 0 if stored. */
int clip_cache_store_run(const struct clip_cache_store *store);

#endif
