/* cache_internal.h - what the sources behind cache.h share. */
#ifndef OFFSITE_CACHE_CACHE_INTERNAL_H
#define OFFSITE_CACHE_CACHE_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "offsite/cache/cache.h"

#define CACHE_BUCKETS 4096

struct cached_file {
	struct cached_file *next; /* of its bucket */
	struct cache_name name;
	char etag[LIST_ETAG_BYTES];
	bool made; /* the files below are there; of CACHE_WHOLE: all of it */
	ino_t inode, blocks_inode;
	uint8_t *bits; /* of an .mp4: as in its .blocks, owned */
	size_t bits_bytes;
	uint64_t size;       /* of an .mp4: file_bytes of its .blocks; of others: of the file */
	uint64_t disk_bytes; /* as it counts for the limit */
	uint64_t used;       /* by cache->uses: larger is later */
	unsigned users;
	bool detached; /* it is in no bucket any more, and is freed once nobody uses it */
};

struct cache {
	int folder;
	uint64_t bytes_max;

	pthread_mutex_t lock; /* guards all below, and the names of files; data are written without it */
	struct cached_file *buckets[CACHE_BUCKETS];
	uint64_t disk_bytes, uses;
};

/* cache_folder.c: removes what an earlier run left. Returns false with errno. */
bool cache_empty(const struct cache *cache);

/* cache_files.c: the files of one cached_file. The caller holds the lock. */

/* Opens the folder of a camera, and makes it if `make`. Returns -1 with errno. */
int cache_folder(const struct cache *cache, const char *camera, bool make);

/* Whether the files that are known still have their names. */
bool cache_files_are_there(const struct cache *cache, const struct cached_file *file);

/* Makes the files of an .mp4, or an empty one that grows. Returns false with errno. */
bool cache_files_make(struct cache *cache, struct cached_file *file);

/* Removes the files, whatever they are now. */
void cache_files_remove(const struct cache *cache, const struct cached_file *file);

/* Opens the file itself, or its .blocks, for writing, if it is still the known one. Returns -1 with errno (ESTALE). */
int cache_files_open(const struct cache *cache, const struct cached_file *file, bool blocks);

/* Sets bits [first, end) in the .blocks file, and its file_bytes. Returns false with errno. */
bool cache_files_set(const struct cache *cache, const struct cached_file *file, uint64_t first, uint64_t end,
		     uint64_t file_bytes);

#endif
