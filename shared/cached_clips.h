/*
 * cached_clips.h - the folder clips/cache: complete answers that recorder-api keeps there (fcgi/clip_cache.h) while
 * there is room. Recordings go first: recorderd takes that room back where it needs it.
 *
 * A file is named after its range, FROM_TO_SPEED.mp4 in microseconds since the epoch. What is being written is
 * .part, locked (flock) by its writer; where nobody holds the lock, a killed one left it.
 */
#ifndef SHARED_CACHED_CLIPS_H
#define SHARED_CACHED_CLIPS_H

#include <stdbool.h>
#include <stdint.h>

#define CACHED_FOLDER     "cache"
#define CACHED_PART       ".part"
#define CACHED_NAME_BYTES 80

struct cached_key {
	int64_t from_us, to_us;
	unsigned speed;
};

void cached_name(const struct cached_key *key, char out[CACHED_NAME_BYTES]);

/* The folder within that of clips; -1 with errno. */
int cached_folder_open(int clips_folder);

/* Bytes of its disk that cached clips leave free: retention.min_free_gb, and in any case enough for the recording to go
 * on. */
uint64_t cached_reserve_bytes(double min_free_gb);

/*
 * Removes the oldest clips until their sum is at most max_bytes and wanted_bytes of them are gone, and in either case
 * what a killed writer left. Returns the bytes removed.
 */
uint64_t cached_evict(int cached_folder, uint64_t max_bytes, uint64_t wanted_bytes);

#endif
