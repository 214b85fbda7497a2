/* timeline_cache.c - what a process remembers of an archive from one timeline to the next. */
#include "shared/timeline/timeline_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/base/clock.h"
#include "shared/segment/index.h"
#include "shared/timeline/timeline_internal.h"

/* FAT keeps times to 2 s. What changed later than that before now may change again without another time. */
#define SETTLED_US (3 * US_PER_S)

#define BUCKETS_MIN 64u

struct timeline_cache {
	struct segment_summary *summaries;
	size_t count, capacity;
	uint32_t *buckets; /* index of the first summary plus one; 0: empty */
	size_t bucket_count;

	bool has_snapshot;
	struct folder_stamp folder;
	uint64_t generation, closed;
	struct walk snapshot;
};

struct timeline_cache *timeline_cache_create(void)
{
	return calloc(1, sizeof(struct timeline_cache));
}

static void drop_snapshot(struct timeline_cache *cache)
{
	free(cache->snapshot.spans);
	free(cache->snapshot.candidates);
	cache->snapshot = (struct walk){0};
	cache->has_snapshot = false;
}

static void drop_summaries(struct timeline_cache *cache)
{
	for (size_t i = 0; i < cache->count; i++) {
		free(cache->summaries[i].spans);
		free(cache->summaries[i].candidates);
	}
	free(cache->summaries);
	free(cache->buckets);
	cache->summaries = NULL;
	cache->buckets = NULL;
	cache->count = cache->capacity = cache->bucket_count = 0;
}

void timeline_cache_free(struct timeline_cache *cache)
{
	if (!cache)
		return;
	drop_snapshot(cache);
	drop_summaries(cache);
	free(cache);
}

static bool stamps_equal(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct file_stamp stamp_of(const struct stat *status)
{
	return (struct file_stamp){status->st_ino, status->st_size, status->st_mtim};
}

/* Also false for a time in the future, which says nothing. */
static bool is_settled(const struct file_stamp *stamp)
{
	int64_t changed_us = (int64_t)stamp->changed.tv_sec * US_PER_S + stamp->changed.tv_nsec / 1000;

	return wall_now().us - changed_us >= SETTLED_US;
}

static bool stamp_file(int folder, const char *name, struct file_stamp *out)
{
	struct stat status;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode))
		return false;
	*out = stamp_of(&status);
	return is_settled(out);
}

bool timeline_cache_stamp(int folder, const struct catalogue_entry *entry, struct segment_summary *out)
{
	char index[SEGMENT_FILE_BYTES];

	*out = (struct segment_summary){.segment_no = entry->segment_no};
	memcpy(out->file, entry->file, sizeof(out->file));
	return index_name(entry->file, index, sizeof(index)) && stamp_file(folder, entry->file, &out->media) &&
	       stamp_file(folder, index, &out->index);
}

static uint32_t *bucket_of(const struct timeline_cache *cache, uint64_t segment_no)
{
	return &cache->buckets[(segment_no * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (cache->bucket_count - 1)];
}

static struct segment_summary *find_segment(const struct timeline_cache *cache, const struct segment_summary *wanted)
{
	if (cache->bucket_count == 0)
		return NULL;
	for (uint32_t at = *bucket_of(cache, wanted->segment_no); at != 0; at = cache->summaries[at - 1].next) {
		struct segment_summary *summary = &cache->summaries[at - 1];
		if (summary->segment_no == wanted->segment_no && strcmp(summary->file, wanted->file) == 0)
			return summary;
	}
	return NULL;
}

const struct segment_summary *timeline_cache_find(const struct timeline_cache *cache,
						  const struct segment_summary *stamped)
{
	const struct segment_summary *summary = find_segment(cache, stamped);
	bool same = summary && stamps_equal(&summary->media, &stamped->media) &&
		    stamps_equal(&summary->index, &stamped->index);

	return same ? summary : NULL;
}

static void link_summary(struct timeline_cache *cache, size_t number)
{
	uint32_t *bucket = bucket_of(cache, cache->summaries[number].segment_no);

	cache->summaries[number].next = *bucket;
	*bucket = (uint32_t)number + 1;
}

/* Makes room for one more summary, and as many buckets as there is room. */
static bool grow(struct timeline_cache *cache)
{
	if (cache->count < cache->capacity)
		return true;
	size_t capacity = cache->capacity ? cache->capacity * 2 : BUCKETS_MIN;
	uint32_t *buckets = calloc(capacity, sizeof(*buckets));
	struct segment_summary *summaries = reallocarray(cache->summaries, capacity, sizeof(*summaries));

	if (summaries)
		cache->summaries = summaries;
	if (!summaries || !buckets) {
		free(buckets);
		return false;
	}
	free(cache->buckets);
	cache->buckets = buckets;
	cache->capacity = cache->bucket_count = capacity;
	for (size_t i = 0; i < cache->count; i++)
		link_summary(cache, i);
	return true;
}

void timeline_cache_add(struct timeline_cache *cache, struct segment_summary *summary)
{
	struct segment_summary *old = find_segment(cache, summary);

	if (old) {
		free(old->spans);
		free(old->candidates);
		summary->next = old->next;
		*old = *summary;
	} else if (grow(cache)) {
		cache->summaries[cache->count] = *summary;
		link_summary(cache, cache->count++);
	} else {
		free(summary->spans);
		free(summary->candidates);
	}
}

struct folder_stamp timeline_cache_stamp_folder(int folder)
{
	struct folder_stamp out = {0};
	struct stat status;

	if (fstat(folder, &status) != 0)
		return out;
	out.device = status.st_dev;
	out.stamp = stamp_of(&status);
	out.settled = is_settled(&out.stamp);
	return out;
}

const struct walk *timeline_cache_snapshot(struct timeline_cache *cache, const struct folder_stamp *folder,
					   const struct catalogue *catalogue, uint64_t *closed)
{
	/* Summaries of segments that were deleted are not looked for one by one. */
	if (cache->count > 2 * catalogue->entries + BUCKETS_MIN)
		drop_summaries(cache);
	if (!cache->has_snapshot)
		return NULL;
	if (!folder->settled || folder->device != cache->folder.device ||
	    !stamps_equal(&folder->stamp, &cache->folder.stamp) || catalogue->generation != cache->generation) {
		drop_snapshot(cache);
		return NULL;
	}
	*closed = cache->closed;
	return &cache->snapshot;
}

void timeline_cache_set_snapshot(struct timeline_cache *cache, const struct folder_stamp *folder,
				 const struct catalogue *catalogue, uint64_t closed, const struct walk *walk)
{
	drop_snapshot(cache);
	cache->has_snapshot = true;
	cache->folder = *folder;
	cache->generation = catalogue->generation;
	cache->closed = closed;
	cache->snapshot = *walk;
}
