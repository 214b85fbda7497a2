/*
 * cache.h - the folder store.cache (shared/store/fetch_socket.h): its files, how much they take, and which go first.
 *
 * The cache is emptied when the program starts: what an earlier run had in it may be of another object, or, after a
 * power cut, not be there at all. Any thread may call these functions. Their `why` gets a sentence without a full stop.
 *
 * Somebody may delete the folder, or files in it, at any time. So a file is looked at again each time it is used, and
 * made again if it is not the one that is known.
 */
#ifndef OFFSITE_CACHE_CACHE_H
#define OFFSITE_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "offsite/store/list_document.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/segment/segment.h"

#define CACHE_FILE_BYTES (SEGMENT_FILE_BYTES + 8)

struct cache;

/* Empties the folder, which has to exist. Returns NULL and sets *why. */
struct cache *cache_open(const char *path, uint64_t bytes_max, struct reason *why);
void cache_close(struct cache *cache); /* NULL is safe */

enum cache_kind {
	CACHE_MEDIA, /* FILE.mp4 with its .blocks, of a size that is known */
	CACHE_OPEN,  /* FILE.mp4 with its .blocks, which grows */
	CACHE_WHOLE, /* FILE.idx or FILE.motion, all at once */
	CACHE_GROWS, /* FILE.idx, which grows */
};

/* A file of a camera, and the object that it is a copy of. */
struct cache_name {
	enum cache_kind kind;
	char camera[CONFIG_NAME_BYTES];
	char file[CACHE_FILE_BYTES];
	char object[OBJECT_NAME_BYTES];
	uint64_t file_bytes; /* of CACHE_MEDIA */
};

struct cached_file;

/*
 * The file of that name, to be used until cache_release(). If it was a copy of another object, it is removed first. An
 * .mp4 and its .blocks are made if they are not there. Returns NULL and sets *why.
 */
struct cached_file *cache_use(struct cache *cache, const struct cache_name *name, struct reason *why);
void cache_release(struct cache *cache, struct cached_file *file); /* NULL is safe */

/* Whether it is there: of an .mp4 bytes [from, to), of others everything. Counts as a use of it. */
bool cache_has(struct cache *cache, const struct cache_name *name, uint64_t from, uint64_t to);

/* The ETag that came with the first bytes; empty: none has yet. */
void cache_etag(struct cache *cache, const struct cached_file *file, char out[LIST_ETAG_BYTES]);

/* Writes a CACHE_WHOLE file. Returns false and sets *why. */
bool cache_write_whole(struct cache *cache, struct cached_file *file, const void *data, size_t bytes,
		       struct reason *why);

/* Writes a block of CACHE_MEDIA, then sets its bit. Returns false and sets *why. */
bool cache_write_block(struct cache *cache, struct cached_file *file, uint64_t block, const void *data, size_t bytes,
		       const char *etag, struct reason *why);

/* Writes to the end of a file that grows. Returns false and sets *why; then the file has to be begun again. */
bool cache_append(struct cache *cache, struct cached_file *file, const void *data, size_t bytes, struct reason *why);

/* How many bytes it has, of a file that grows. */
uint64_t cache_size(struct cache *cache, const struct cached_file *file);

/* Removes the file if it is a copy of that object. Who uses it still can, but cannot write to it. */
void cache_drop(struct cache *cache, const struct cache_name *name);

/* Replaces a file of a camera's folder, such as remote.bin; makes the folder. Returns false and sets *why. */
bool cache_replace(struct cache *cache, const char *camera, const char *file, const void *data, size_t bytes,
		   struct reason *why);
bool cache_exists(struct cache *cache, const char *camera, const char *file);

/* Opens a file of a camera's folder for reading. Returns -1 with errno. */
int cache_open_file(struct cache *cache, const char *camera, const char *file);

/* The names of all that is in the cache, in memory that the caller frees. Returns how many, 0 without memory. */
size_t cache_list(struct cache *cache, struct cache_name **out);

#endif
