/* snapshot_cache.c - JPEGs that FFmpeg made a moment ago. */
#include "fcgi/pool/snapshot_cache.h"

#include <string.h>

#include "shared/ring/ring_layout.h"

static bool same_kind(const struct snapshot_key *a, const struct snapshot_key *b)
{
	return a->camera == b->camera && a->width == b->width;
}

static uint64_t apart_us(const struct snapshot_key *a, const struct snapshot_key *b)
{
	return a->wall_us > b->wall_us ? (uint64_t)a->wall_us - (uint64_t)b->wall_us
				       : (uint64_t)b->wall_us - (uint64_t)a->wall_us;
}

/* True if the entry was not written since its version was read. */
static bool is_unchanged(const struct snapshot_entry *entry, uint64_t version)
{
	ring_fence(memory_order_acquire);
	return atomic_load_explicit(&entry->version, memory_order_relaxed) == version;
}

/* Reads key and version of an entry. False if it is empty or being written. */
static bool read_key(const struct snapshot_entry *entry, struct snapshot_key *key, uint64_t *version)
{
	*version = atomic_load_explicit(&entry->version, memory_order_acquire);
	*key = entry->key;
	return *version > 0 && *version % 2 == 0 && is_unchanged(entry, *version);
}

static bool copy_jpeg(struct snapshot_cache *cache, struct snapshot_entry *entry, uint64_t version, struct buffer *jpeg)
{
	size_t length_before = jpeg->length;
	uint32_t length = entry->length;

	if (length <= SNAPSHOT_JPEG_MAX)
		buffer_append(jpeg, entry->jpeg, length);
	if (length > SNAPSHOT_JPEG_MAX || jpeg->failed || !is_unchanged(entry, version)) {
		jpeg->length = length_before;
		return false;
	}
	atomic_store(&entry->used, atomic_fetch_add(&cache->tick, 1) + 1);
	return true;
}

bool snapshot_cache_find_nearest(struct snapshot_cache *cache, const struct snapshot_key *wanted, int64_t limit_us,
				 struct buffer *jpeg, int64_t *wall_us)
{
	struct snapshot_entry *best = NULL;
	struct snapshot_key key, best_key = {0};
	uint64_t version, best_version = 0;

	for (size_t i = 0; i < SNAPSHOT_CACHE_ENTRIES; i++) {
		if (!read_key(&cache->entries[i], &key, &version) || !same_kind(&key, wanted))
			continue;
		if (apart_us(&key, wanted) > (uint64_t)limit_us ||
		    (best && apart_us(&key, wanted) >= apart_us(&best_key, wanted)))
			continue;
		best = &cache->entries[i];
		best_key = key;
		best_version = version;
	}
	if (!best || !copy_jpeg(cache, best, best_version, jpeg))
		return false;
	*wall_us = best_key.wall_us;
	return true;
}

/* The least recently used entry; never one that is being written, possibly by a worker that was killed. */
static struct snapshot_entry *find_victim(struct snapshot_cache *cache, uint64_t *version)
{
	struct snapshot_entry *victim = NULL;

	for (size_t i = 0; i < SNAPSHOT_CACHE_ENTRIES; i++) {
		struct snapshot_entry *entry = &cache->entries[i];
		uint64_t current = atomic_load(&entry->version);
		if (current % 2 != 0 || (victim && atomic_load(&entry->used) >= atomic_load(&victim->used)))
			continue;
		victim = entry;
		*version = current;
	}
	return victim;
}

void snapshot_cache_put(struct snapshot_cache *cache, const struct snapshot_key *key, const void *jpeg, size_t length)
{
	uint64_t version;
	struct snapshot_entry *entry = length <= SNAPSHOT_JPEG_MAX ? find_victim(cache, &version) : NULL;

	if (!entry || !atomic_compare_exchange_strong(&entry->version, &version, version + 1))
		return;
	ring_fence(memory_order_release);
	entry->key = *key;
	entry->length = (uint32_t)length;
	memcpy(entry->jpeg, jpeg, length);
	atomic_store(&entry->used, atomic_fetch_add(&cache->tick, 1) + 1);
	atomic_store_explicit(&entry->version, version + 2, memory_order_release);
}
