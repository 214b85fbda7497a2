/*
 * clip_cache_files.c - names and eviction of cached clips: see clip_cache_files.h.
 */
#include "shared/segment/clip_cache_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/file_io.h"

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

/* True if it is gone now, also by somebody else's doing; its `bytes` count if this removed it. */
static bool remove_file(int folder, const char *name, uint64_t bytes, struct cached_gone *gone)
{
	if (unlinkat(folder, name, 0) == 0) {
		gone->bytes += bytes;
		return true;
	}
	if (errno != ENOENT)
		gone->error = errno;
	return errno == ENOENT;
}

static size_t list_cached(int folder, struct cached **out, int *error)
{
	struct dirent **entries = NULL;
	int found = scandirat(folder, ".", &entries, is_cached, NULL);
	size_t count = 0;

	if (found < 0)
		*error = errno;
	*out = found > 0 ? calloc((size_t)found, sizeof(**out)) : NULL;
	if (found > 0 && !*out)
		*error = ENOMEM;
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
static void remove_part(int folder, struct cached_gone *gone)
{
	struct stat status;
	int fd = part_file_lock(folder, CACHED_PART, 0);

	if (fd < 0) {
		if (errno != ENOENT && errno != EWOULDBLOCK) /* there is none, or it is being written */
			gone->error = errno;
		return;
	}
	remove_file(folder, CACHED_PART, fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0, gone);
	close(fd);
}

struct cached_gone cached_evict(int folder, uint64_t max_bytes, uint64_t wanted_bytes)
{
	struct cached_gone gone = {0};
	struct cached *cached;

	remove_part(folder, &gone);
	size_t count = list_cached(folder, &cached, &gone.error);
	for (size_t i = 0; i < count; i++)
		gone.left_bytes += cached[i].size_bytes;
	if (count > 0)
		qsort(cached, count, sizeof(*cached), oldest_first);
	for (size_t i = 0; i < count && (gone.left_bytes > max_bytes || gone.bytes < wanted_bytes); i++) {
		if (!remove_file(folder, cached[i].name, cached[i].size_bytes, &gone))
			continue;
		gone.left_bytes -= cached[i].size_bytes;
		gone.clips++;
	}
	free(cached);
	return gone;
}

struct cached_gone cached_remove(int folder, cached_due *due, void *context)
{
	struct cached_gone gone = {0};
	struct dirent **entries = NULL;
	int found = scandirat(folder, ".", &entries, is_cached, NULL);

	if (found < 0)
		gone.error = errno;
	remove_part(folder, &gone);
	for (int i = 0; i < found; i++) {
		struct cached_key key;
		bool stays = read_name(entries[i]->d_name, &key) && clock_believable(key.from_us) &&
			     clock_believable(key.to_us) && !due(&key, context);
		if (!stays)
			gone.clips += remove_file(folder, entries[i]->d_name, 0, &gone);
		free(entries[i]);
	}
	free(entries);
	return gone;
}
