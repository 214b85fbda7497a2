/*
 * clip_cache_files.h - the files in the folder clips/cache.
 *
 * recorder-api stores complete answers there (fcgi/clip/clip_cache.h) while there is room, and for as long as the
 * footage that they show may be kept. Recordings take precedence: recorderd deletes cached clips if it needs their
 * room. It also deletes each clip that shows anything older than retention.hours, or a segment that is deleted by age.
 * A worker does not serve such a clip even if recorderd has not come to it yet (shared/segment/retention.h).
 *
 * A file is named after its range, FROM_TO_SPEED.mp4, in microseconds since the epoch. A clip that is being written is
 * .part, locked (flock) by its writer. If nobody holds the lock, a writer that was killed left the file.
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

/* Opens the folder below that of clips. Returns -1 with errno on failure. */
int clip_cache_folder_open(int clips_folder);

/* How many bytes of the disk cached clips have to leave free: retention.min_free_gb, but at least 256 MiB, so that
 * recording can continue. */
uint64_t clip_cache_reserve_bytes(double min_free_gb);

/* What was removed. */
struct clip_cache_removal {
	uint64_t clips, bytes;
	uint64_t left_bytes; /* of the remaining clips that could be listed; not set by clip_cache_remove() */
	int error;           /* errno of the last failure, of a file or of the folder; 0: none */
};

/* Removes every clip for which `due` returns true, and what a killed writer left. */
typedef bool clip_cache_due_fn(const struct clip_cache_key *key, void *context);
struct clip_cache_removal clip_cache_remove(int cached_folder, clip_cache_due_fn *due, void *context);

/*
 * Removes what a killed writer left, and the oldest clips until the rest is at most max_bytes and at least wanted_bytes
 * have been removed. If a clip cannot be removed, the next ones are removed in its place.
 */
struct clip_cache_removal clip_cache_evict(int cached_folder, uint64_t max_bytes, uint64_t wanted_bytes);

#endif
