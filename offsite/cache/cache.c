/* cache.c - the files of the cache, and how much they take. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offsite/cache/cache_internal.h"
#include "shared/base/file_io.h"
#include "shared/base/log.h"
#include "shared/store/fetch_socket.h"

#define RECORD_BYTES 4096 /* what a file takes besides its data */

static size_t bucket_of(const struct cache_name *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *at = name->camera; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	for (const char *at = name->file; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	return hash % CACHE_BUCKETS;
}

static struct cached_file *find(struct cache *cache, const struct cache_name *name)
{
	struct cached_file *file = cache->buckets[bucket_of(name)];

	while (file && (strcmp(file->name.camera, name->camera) != 0 || strcmp(file->name.file, name->file) != 0))
		file = file->next;
	return file;
}

/* Whether it is a copy of that object, in that form. */
static bool is_copy(const struct cached_file *file, const struct cache_name *name)
{
	return strcmp(file->name.object, name->object) == 0 && file->name.kind == name->kind &&
	       file->name.file_bytes == name->file_bytes;
}

static void free_file(struct cached_file *file)
{
	free(file->bits);
	free(file);
}

/* Takes it out of the cache, and removes its files. It is freed once nobody uses it. */
static void detach(struct cache *cache, struct cached_file *file)
{
	struct cached_file **link = &cache->buckets[bucket_of(&file->name)];

	cache_files_remove(cache, file);
	cache->disk_bytes -= file->disk_bytes;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	file->detached = true;
	if (file->users == 0)
		free_file(file);
}

static bool is_media(const struct cached_file *file)
{
	return file->name.kind == CACHE_MEDIA || file->name.kind == CACHE_OPEN;
}

/* The one that was not used for longest. Lists of frames are small and are needed for everything: they go last. */
static struct cached_file *find_oldest(struct cache *cache, bool media)
{
	struct cached_file *oldest = NULL;

	for (size_t i = 0; i < CACHE_BUCKETS; i++)
		for (struct cached_file *file = cache->buckets[i]; file; file = file->next)
			if (file->users == 0 && is_media(file) == media && (!oldest || file->used < oldest->used))
				oldest = file;
	return oldest;
}

static void evict(struct cache *cache)
{
	while (cache->disk_bytes > cache->bytes_max) {
		struct cached_file *file = find_oldest(cache, true);
		if (!file)
			file = find_oldest(cache, false);
		if (!file)
			return;
		detach(cache, file);
	}
}

static void count(struct cache *cache, struct cached_file *file, uint64_t bytes)
{
	file->disk_bytes += bytes;
	if (!file->detached)
		cache->disk_bytes += bytes;
	evict(cache);
}

static struct cached_file *add(struct cache *cache, const struct cache_name *name)
{
	struct cached_file *file = calloc(1, sizeof(*file));
	size_t bucket = bucket_of(name);

	if (!file)
		return NULL;
	file->name = *name;
	file->next = cache->buckets[bucket];
	cache->buckets[bucket] = file;
	return file;
}

/* Of CACHE_WHOLE there is nothing to make before its bytes are known. */
static bool make(struct cache *cache, struct cached_file *file, struct reason *why)
{
	if (file->made && cache_files_are_there(cache, file))
		return true;
	cache->disk_bytes -= file->disk_bytes;
	file->disk_bytes = 0;
	file->made = false;
	if (file->name.kind == CACHE_WHOLE)
		return true;
	if (!cache_files_make(cache, file))
		return reason_errno(why, "cannot write to the cache %s", file->name.file);
	file->made = true;
	count(cache, file, RECORD_BYTES);
	return true;
}

struct cached_file *cache_use(struct cache *cache, const struct cache_name *name, struct reason *why)
{
	pthread_mutex_lock(&cache->lock);
	struct cached_file *file = find(cache, name);
	if (file && !is_copy(file, name)) {
		detach(cache, file);
		file = NULL;
	}
	if (!file)
		file = add(cache, name);
	if (file) {
		file->users++;
		file->used = ++cache->uses;
		if (!make(cache, file, why)) {
			file->users--;
			detach(cache, file);
			file = NULL;
		}
	} else {
		reason_set(why, "out of memory");
	}
	pthread_mutex_unlock(&cache->lock);
	return file;
}

void cache_release(struct cache *cache, struct cached_file *file)
{
	if (!file)
		return;
	pthread_mutex_lock(&cache->lock);
	if (--file->users == 0 && file->detached)
		free_file(file);
	evict(cache);
	pthread_mutex_unlock(&cache->lock);
}

static bool has_blocks(const struct cached_file *file, uint64_t from, uint64_t to)
{
	if (to > file->size)
		return false;
	for (uint64_t block = from / FETCH_BLOCK_BYTES; block * FETCH_BLOCK_BYTES < to; block++)
		if (!(file->bits[block / 8] & 1u << block % 8))
			return false;
	return true;
}

bool cache_has(struct cache *cache, const struct cache_name *name, uint64_t from, uint64_t to)
{
	pthread_mutex_lock(&cache->lock);
	struct cached_file *file = find(cache, name);
	bool has = file && is_copy(file, name) && file->made && cache_files_are_there(cache, file);
	if (has && is_media(file))
		has = has_blocks(file, from, to);
	if (has)
		file->used = ++cache->uses;
	pthread_mutex_unlock(&cache->lock);
	return has;
}

void cache_etag(struct cache *cache, const struct cached_file *file, char out[LIST_ETAG_BYTES])
{
	pthread_mutex_lock(&cache->lock);
	memcpy(out, file->etag, LIST_ETAG_BYTES);
	pthread_mutex_unlock(&cache->lock);
}

bool cache_write_whole(struct cache *cache, struct cached_file *file, const void *data, size_t bytes,
		       struct reason *why)
{
	struct stat status;

	if (!cache_replace(cache, file->name.camera, file->name.file, data, bytes, why))
		return false;
	pthread_mutex_lock(&cache->lock);
	int folder = cache_folder(cache, file->name.camera, false);
	bool good =
		!file->detached && folder >= 0 && fstatat(folder, file->name.file, &status, AT_SYMLINK_NOFOLLOW) == 0;
	if (good) {
		file->inode = status.st_ino;
		file->size = bytes;
		file->made = true;
		count(cache, file, bytes + RECORD_BYTES);
	}
	if (folder >= 0)
		close(folder);
	pthread_mutex_unlock(&cache->lock);
	return good || reason_set(why, "the cache was changed by somebody else");
}

/* Writes bytes, sets the bits of blocks [first, end), and counts. */
static bool write_media(struct cache *cache, struct cached_file *file, uint64_t at, const void *data, size_t bytes,
			uint64_t first, uint64_t end, uint64_t size, struct reason *why)
{
	int fd = cache_files_open(cache, file, false);
	bool good = fd >= 0 && write_at(fd, data, bytes, at);

	if (!good)
		reason_errno(why, "cannot write to the cache");
	if (fd >= 0)
		close(fd);
	if (!good)
		return false;
	pthread_mutex_lock(&cache->lock);
	if (file->detached || !file->made || end > file->bits_bytes * 8) {
		good = reason_set(why, "the cache was changed by somebody else");
	} else if (!cache_files_set(cache, file, first, end, size)) {
		good = reason_errno(why, "cannot write to the cache");
	} else {
		for (uint64_t block = first; block < end; block++)
			file->bits[block / 8] |= (uint8_t)(1u << block % 8);
		file->size = size;
		count(cache, file, bytes);
	}
	pthread_mutex_unlock(&cache->lock);
	return good;
}

bool cache_write_block(struct cache *cache, struct cached_file *file, uint64_t block, const void *data, size_t bytes,
		       const char *etag, struct reason *why)
{
	pthread_mutex_lock(&cache->lock);
	if (!file->etag[0])
		snprintf(file->etag, sizeof(file->etag), "%s", etag);
	pthread_mutex_unlock(&cache->lock);
	return write_media(cache, file, block * FETCH_BLOCK_BYTES, data, bytes, block, block + 1, file->name.file_bytes,
			   why);
}

bool cache_append(struct cache *cache, struct cached_file *file, const void *data, size_t bytes, struct reason *why)
{
	uint64_t at = cache_size(cache, file), end = at + bytes;

	if (file->name.kind == CACHE_OPEN)
		return write_media(cache, file, at, data, bytes, at / FETCH_BLOCK_BYTES,
				   (end + FETCH_BLOCK_BYTES - 1) / FETCH_BLOCK_BYTES, end, why);
	int fd = cache_files_open(cache, file, false);
	bool good = fd >= 0 && write_at(fd, data, bytes, at);
	if (!good)
		reason_errno(why, "cannot write to the cache");
	if (fd >= 0)
		close(fd);
	if (!good)
		return false;
	pthread_mutex_lock(&cache->lock);
	file->size = end;
	count(cache, file, bytes);
	pthread_mutex_unlock(&cache->lock);
	return true;
}

uint64_t cache_size(struct cache *cache, const struct cached_file *file)
{
	pthread_mutex_lock(&cache->lock);
	uint64_t size = file->size;
	pthread_mutex_unlock(&cache->lock);
	return size;
}

void cache_drop(struct cache *cache, const struct cache_name *name)
{
	pthread_mutex_lock(&cache->lock);
	struct cached_file *file = find(cache, name);
	if (file && strcmp(file->name.object, name->object) == 0)
		detach(cache, file);
	pthread_mutex_unlock(&cache->lock);
}

size_t cache_list(struct cache *cache, struct cache_name **out)
{
	size_t found = 0;

	pthread_mutex_lock(&cache->lock);
	for (size_t i = 0; i < CACHE_BUCKETS; i++)
		for (struct cached_file *file = cache->buckets[i]; file; file = file->next)
			found++;
	*out = found > 0 ? calloc(found, sizeof(**out)) : NULL;
	if (!*out)
		found = 0;
	for (size_t i = 0, at = 0; *out && i < CACHE_BUCKETS; i++)
		for (struct cached_file *file = cache->buckets[i]; file; file = file->next)
			(*out)[at++] = file->name;
	pthread_mutex_unlock(&cache->lock);
	return found;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < CACHE_BUCKETS; i++) {
		while (cache->buckets[i]) {
			struct cached_file *file = cache->buckets[i];
			cache->buckets[i] = file->next;
			free_file(file);
		}
	}
	if (cache->folder >= 0)
		close(cache->folder);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

struct cache *cache_open(const char *path, uint64_t bytes_max, struct reason *why)
{
	struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache) {
		reason_set(why, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&cache->lock, NULL);
	cache->bytes_max = bytes_max;
	cache->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache->folder >= 0 && cache_empty(cache))
		return cache;
	reason_errno(why, "cannot use the cache %s", path);
	cache_close(cache);
	return NULL;
}
