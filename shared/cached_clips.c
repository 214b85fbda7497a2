/*
 * cached_clips.c - names and eviction of cached clips: see cached_clips.h.
 */
#include "shared/cached_clips.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/file_io.h"

#define RESERVE_BYTES_MIN (UINT64_C(256) << 20)
#define GB                1e9

struct cached {
	char name[CACHED_NAME_BYTES];
	uint64_t size_bytes;
	struct timespec stored;
};

void cached_name(const struct cached_key *key, char out[CACHED_NAME_BYTES])
{
	snprintf(out, CACHED_NAME_BYTES, "%" PRId64 "_%" PRId64 "_%u.mp4", key->from_us, key->to_us, key->speed);
}

/* Anything else in the folder is not ours. */
static bool read_name(const char *name, struct cached_key *out)
{
	char again[CACHED_NAME_BYTES];

	if (sscanf(name, "%" SCNd64 "_%" SCNd64 "_%u.mp4", &out->from_us, &out->to_us, &out->speed) != 3)
		return false;
	cached_name(out, again);
	return strcmp(name, again) == 0;
}

static int is_cached(const struct dirent *entry)
{
	struct cached_key key;

	return read_name(entry->d_name, &key);
}

int cached_folder_open(int clips_folder)
{
	return openat(clips_folder, CACHED_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

uint64_t cached_reserve_bytes(double min_free_gb)
{
	uint64_t bytes = (uint64_t)(min_free_gb * GB);

	return bytes > RESERVE_BYTES_MIN ? bytes : RESERVE_BYTES_MIN;
}

static int oldest_first(const void *a, const void *b)
{
	const struct timespec *left = &((const struct cached *)a)->stored, *right = &((const struct cached *)b)->stored;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec < right->tv_sec ? -1 : 1;
	return left->tv_nsec < right->tv_nsec ? -1 : left->tv_nsec > right->tv_nsec;
}

static size_t list_cached(int folder, struct cached **out)
{
	struct dirent **entries = NULL;
	int found = scandirat(folder, ".", &entries, is_cached, NULL);
	size_t count = 0;

	*out = found > 0 ? calloc((size_t)found, sizeof(**out)) : NULL;
	for (int i = 0; i < found; i++) {
		struct stat status;
		if (*out && fstatat(folder, entries[i]->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
			struct cached *cached = &(*out)[count++];
			snprintf(cached->name, sizeof(cached->name), "%.*s", CACHED_NAME_BYTES - 1, entries[i]->d_name);
			cached->size_bytes = (uint64_t)status.st_size;
			cached->stored = status.st_mtim;
		}
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* Bytes that a killed writer left. */
static uint64_t remove_part(int folder)
{
	uint64_t bytes = 0;
	struct stat status;
	int fd = part_file_lock(folder, CACHED_PART, 0);

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && unlinkat(folder, CACHED_PART, 0) == 0)
		bytes = (uint64_t)status.st_size;
	close(fd);
	return bytes;
}

uint64_t cached_evict(int folder, uint64_t max_bytes, uint64_t wanted_bytes)
{
	struct cached *cached;
	size_t count = list_cached(folder, &cached);
	uint64_t sum_bytes = 0, gone_bytes = remove_part(folder);

	for (size_t i = 0; i < count; i++)
		sum_bytes += cached[i].size_bytes;
	if (count > 0)
		qsort(cached, count, sizeof(*cached), oldest_first);
	for (size_t i = 0; i < count && (sum_bytes > max_bytes || gone_bytes < wanted_bytes); i++) {
		sum_bytes -= cached[i].size_bytes;
		if (unlinkat(folder, cached[i].name, 0) == 0)
			gone_bytes += cached[i].size_bytes;
	}
	free(cached);
	return gone_bytes;
}

uint64_t cached_remove(int folder, cached_due *due, void *context)
{
	struct dirent **entries = NULL;
	int found = scandirat(folder, ".", &entries, is_cached, NULL);
	uint64_t count = 0;

	remove_part(folder);
	for (int i = 0; i < found; i++) {
		struct cached_key key;
		bool stays = read_name(entries[i]->d_name, &key) && clock_believable(key.from_us) &&
			     clock_believable(key.to_us) && !due(&key, context);
		if (!stays)
			count += unlinkat(folder, entries[i]->d_name, 0) == 0;
		free(entries[i]);
	}
	free(entries);
	return count;
}
