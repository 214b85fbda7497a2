/*
 * clip_cache_files.h - the folder clips/cache: complete answers that recorder-api keeps there (fcgi/clip/clip_cache.h)
 * while there is room, and for as long as the footage that they show may be kept. Recordings come first: recorderd
 * takes that room back where it needs it. It also deletes each clip of which anything is older than retention.hours, or
 * is deleted by age, and nobody serves one that it has not come to yet (shared/segment/retention.h).
 *
 * A file is named after its range, FROM_TO_SPEED.mp4 in microseconds since the epoch. What is being written is
 * .part, locked (flock) by its writer; where nobody holds the lock, a killed one left it.
 */
#ifndef SHARED_SEGMENT_CLIP_CACHE_FILES_H
#define SHARED_SEGMENT_CLIP_CACHE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#define CLIP_CACHE_FOLDER     "cache"
#define CLIP_CACHE_PART       ".part"
#define CLIP_CACHE_NAME_BYTES 80

struct clip_cache_key {
	int64_t from_us, to_us;
	unsigned speed;
};

void clip_cache_file_name(const struct clip_cache_key *key, char out[CLIP_CACHE_NAME_BYTES]);

/* The folder within that of clips; -1 with errno. */
int clip_cache_folder_open(int clips_folder);

/* Bytes of its disk that cached clips leave free: retention.min_free_gb, and in any case enough for the recording to go
 * on. */
uint64_t clip_cache_reserve_bytes(double min_free_gb);

/* What became of clips that had to go, and of what a killed writer left. */
struct clip_cache_removal {
	uint64_t clips, bytes; /* removed */
	uint64_t left_bytes;   /* of the clips that are there afterwards, as far as they could be listed */
	int error;             /* errno of the last that could not be removed, or of the folder; 0: there was none */
};

/* Removes the clips that `due` says true of, and what a killed writer left; left_bytes is not counted. */
typedef bool clip_cache_due_fn(const struct clip_cache_key *key, void *context);
struct clip_cache_removal clip_cache_remove(int cached_folder, clip_cache_due_fn *due, void *context);

/*
 * Removes the oldest clips until their sum is at most max_bytes and wanted_bytes of them are gone, and in either case
 * what a killed writer left. One that cannot be removed counts as there; the next ones go in its place.
 */
struct clip_cache_removal clip_cache_evict(int cached_folder, uint64_t max_bytes, uint64_t wanted_bytes);

#endif
