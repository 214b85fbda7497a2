/* clip_cache_files.c - names and removes cached clips. */
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
	char name[CLIP_CACHE_NAME_BYTES];
	uint64_t size_bytes;
	struct timespec stored;
};

void clip_cache_file_name(const struct clip_cache_key *key, char out[CLIP_CACHE_NAME_BYTES])
{
	snprintf(out, CLIP_CACHE_NAME_BYTES, "%" PRId64 "_%" PRId64 "_%u.mp4", key->from_us, key->to_us, key->speed);
}

/* Returns false for any other name: such a file is not ours. */
static bool parse_name(const char *name, struct clip_cache_key *out)
{
	char again[CLIP_CACHE_NAME_BYTES];

	if (sscanf(name, "%" SCNd64 "_%" SCNd64 "_%u.mp4", &out->from_us, &out->to_us, &out->speed) != 3)
		return false;
	clip_cache_file_name(out, again);
	return strcmp(name, again) == 0;
}

static int is_cached(const struct dirent *entry)
{
	struct clip_cache_key key;

	return parse_name(entry->d_name, &key);
}

int clip_cache_folder_open(int clips_folder)
{
	return openat(clips_folder, CLIP_CACHE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

uint64_t clip_cache_reserve_bytes(double min_free_gb)
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

/* True if it is removed now, also by somebody else's doing; its `bytes` count if this removed it. */
static bool remove_file(int folder, const char *name, uint64_t bytes, struct clip_cache_removal *removed)
{
	if (unlinkat(folder, name, 0) == 0) {
		removed->bytes += bytes;
		return true;
	}
	if (errno != ENOENT)
		removed->error = errno;
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
			snprintf(cached->name, sizeof(cached->name), "%.*s", CLIP_CACHE_NAME_BYTES - 1,
				 entries[i]->d_name);
			cached->size_bytes = (uint64_t)status.st_size;
			cached->stored = status.st_mtim;
		}
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* Removes the file that a killed writer left. */
static void remove_part(int folder, struct clip_cache_removal *removed)
{
	struct stat status;
	int fd = part_file_lock(folder, CLIP_CACHE_PART, 0);

	if (fd < 0) {
		if (errno != ENOENT && errno != EWOULDBLOCK) /* there is none, or its writer is alive */
			removed->error = errno;
		return;
	}
	remove_file(folder, CLIP_CACHE_PART, fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0, removed);
	close(fd);
}

struct clip_cache_removal clip_cache_evict(int folder, uint64_t max_bytes, uint64_t wanted_bytes)
{
	struct clip_cache_removal removed = {0};
	struct cached *cached;

	remove_part(folder, &removed);
	size_t count = list_cached(folder, &cached, &removed.error);
	for (size_t i = 0; i < count; i++)
		removed.left_bytes += cached[i].size_bytes;
	if (count > 0)
		qsort(cached, count, sizeof(*cached), oldest_first);
	for (size_t i = 0; i < count && (removed.left_bytes > max_bytes || removed.bytes < wanted_bytes); i++) {
		if (!remove_file(folder, cached[i].name, cached[i].size_bytes, &removed))
			continue;
		removed.left_bytes -= cached[i].size_bytes;
		removed.clips++;
	}
	free(cached);
	return removed;
}

struct clip_cache_removal clip_cache_remove(int folder, clip_cache_due_fn *due, void *context)
{
	struct clip_cache_removal removed = {0};
	struct dirent **entries = NULL;
	int found = scandirat(folder, ".", &entries, is_cached, NULL);

	if (found < 0)
		removed.error = errno;
	remove_part(folder, &removed);
	for (int i = 0; i < found; i++) {
		struct clip_cache_key key;
		bool keep = parse_name(entries[i]->d_name, &key) && clock_is_plausible(key.from_us) &&
			    clock_is_plausible(key.to_us) && !due(&key, context);
		if (!keep)
			removed.clips += remove_file(folder, entries[i]->d_name, 0, &removed);
		free(entries[i]);
	}
	free(entries);
	return removed;
}
