/*
 * clip_cache.c - stores and finds encoded clips: see clip_cache.h.
 */
#include "fcgi/clip_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/clip_keep.h"
#include "shared/big_endian.h"

#define CACHE_FOLDER  "cache"
#define NAME_BYTES    80
#define BOX_BYTES_MIN 12u /* size, type, size again */
#define BOX_BYTES_MAX 4096u

static int folder_open(int clips_folder)
{
	return openat(clips_folder, CACHE_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static void key_name(const struct cache_key *key, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%" PRId64 "_%" PRId64 "_%u.mp4", key->from_us, key->to_us, key->speed);
}

static bool name_key(const char *name, struct cache_key *out)
{
	char again[NAME_BYTES];

	if (sscanf(name, "%" SCNd64 "_%" SCNd64 "_%u.mp4", &out->from_us, &out->to_us, &out->speed) != 3)
		return false;
	key_name(out, again);
	return strcmp(name, again) == 0;
}

/* Lines: entity tag; source; start, first frame, end and duration in microseconds and the number of spans; the spans.
 */
static void trailer_text(const struct clip *clip, struct buffer *out)
{
	buffer_printf(out, "%s\n%s\n%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %zu\n", clip->etag, clip->source,
		      clip->start_us, clip->first_us, clip->end_us, clip->duration_us, clip->span_count);
	buffer_append(out, clip->spans.data, clip->spans.length);
}

static bool trailer_parse(char *text, struct clip *clip)
{
	int at = 0;

	if (sscanf(text, "%31[^\n]\n%23[^\n]\n%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %zu%n", clip->etag,
		   clip->source, &clip->start_us, &clip->first_us, &clip->end_us, &clip->duration_us, &clip->span_count,
		   &at) != 7)
		return false;
	if (text[at] != '\n' || strpbrk(text + at + 1, "\r\n"))
		return false;
	buffer_append(&clip->spans, text + at + 1, strlen(text + at + 1));
	return !clip->spans.failed;
}

static bool trailer_append(int fd, const struct clip *clip)
{
	struct buffer box = {0};

	buffer_u32(&box, 0);
	buffer_append(&box, "free", 4);
	trailer_text(clip, &box);
	buffer_u32(&box, (uint32_t)box.length + 4);
	buffer_set_u32(&box, 0, (uint32_t)box.length);
	bool good = !box.failed && write(fd, box.data, box.length) == (ssize_t)box.length;
	buffer_finish(&box);
	return good;
}

/* Reads the trailer into the clip; the bytes before it are the clip's. */
static bool trailer_read(int fd, struct clip *clip, uint64_t *clip_bytes)
{
	uint8_t box[BOX_BYTES_MAX + 1], size_again[4];
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < (off_t)BOX_BYTES_MIN ||
	    pread(fd, size_again, 4, status.st_size - 4) != 4)
		return false;
	uint32_t size = be32_get(size_again);
	if (size < BOX_BYTES_MIN || size > BOX_BYTES_MAX || size > (uint64_t)status.st_size)
		return false;
	*clip_bytes = (uint64_t)status.st_size - size;
	if (pread(fd, box, size, (off_t)*clip_bytes) != (ssize_t)size)
		return false;
	if (be32_get(box) != size || memcmp(box + 4, "free", 4) != 0)
		return false;
	box[size - 4] = '\0';
	return strlen((char *)box + 8) == size - BOX_BYTES_MIN && trailer_parse((char *)box + 8, clip);
}

bool cache_find(int clips_folder, const struct cache_key *key, struct clip *out)
{
	char name[NAME_BYTES];
	uint64_t clip_bytes;
	int folder = folder_open(clips_folder);

	*out = (struct clip){0};
	if (folder < 0)
		return false;
	key_name(key, name);
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	close(folder);
	if (fd < 0)
		return false;
	out->file = vfile_create();
	bool good = trailer_read(fd, out, &clip_bytes) && out->file && vfile_add(out->file, fd, 0, clip_bytes);
	if (!out->file)
		close(fd);
	else
		good = vfile_own(out->file, fd) && good;
	if (!good)
		clip_finish(out);
	return good;
}

static bool write_file(int folder, const struct cache_store *store)
{
	char name[NAME_BYTES], temporary[NAME_BYTES + 8];

	key_name(&store->key, name);
	snprintf(temporary, sizeof(temporary), ".%s.part", name);
	int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return false;
	/* Two requests for one range store the same: the first one does. */
	bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
	bool good = locked && ftruncate(fd, 0) == 0 && keep_copy(fd, store->clip->file) &&
		    trailer_append(fd, store->clip) && renameat(folder, temporary, folder, name) == 0;
	if (locked && !good)
		unlinkat(folder, temporary, 0);
	close(fd);
	return good;
}

static int is_cached(const struct dirent *entry)
{
	struct cache_key key;

	return name_key(entry->d_name, &key);
}

struct cached {
	char name[NAME_BYTES];
	int64_t from_us;
	uint64_t size_bytes;
	struct timespec stored;
};

static int newest_first(const void *a, const void *b)
{
	const struct timespec *left = &((const struct cached *)a)->stored, *right = &((const struct cached *)b)->stored;

	if (left->tv_sec != right->tv_sec)
		return left->tv_sec > right->tv_sec ? -1 : 1;
	return left->tv_nsec > right->tv_nsec ? -1 : left->tv_nsec < right->tv_nsec;
}

static size_t list_cached(int folder, struct cached **out)
{
	struct dirent **entries = NULL;
	int found = scandirat(folder, ".", &entries, is_cached, NULL);
	size_t count = 0;

	*out = found > 0 ? calloc((size_t)found, sizeof(**out)) : NULL;
	for (int i = 0; i < found; i++) {
		struct stat status;
		struct cache_key key;
		if (*out && name_key(entries[i]->d_name, &key) &&
		    fstatat(folder, entries[i]->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
			struct cached *cached = &(*out)[count++];
			key_name(&key, cached->name);
			cached->from_us = key.from_us;
			cached->size_bytes = (uint64_t)status.st_size;
			cached->stored = status.st_mtim;
		}
		free(entries[i]);
	}
	free(entries);
	return count;
}

static void evict(int folder, const struct cache_store *store)
{
	struct cached *cached;
	uint64_t sum_bytes = 0;
	size_t count = list_cached(folder, &cached);

	if (count > 0)
		qsort(cached, count, sizeof(*cached), newest_first);
	for (size_t i = 0; i < count; i++) {
		sum_bytes += cached[i].size_bytes;
		if (cached[i].from_us < store->oldest_from_us || sum_bytes > store->max_bytes)
			unlinkat(folder, cached[i].name, 0);
	}
	free(cached);
}

int cache_store_run(void *context)
{
	const struct cache_store *store = context;
	int folder;

	if (vfile_size(store->clip->file) > store->max_bytes)
		return EXIT_FAILURE;
	mkdirat(store->clips_folder, CACHE_FOLDER, 0750);
	folder = folder_open(store->clips_folder);
	if (folder < 0)
		return EXIT_FAILURE;
	bool good = write_file(folder, store);
	evict(folder, store);
	close(folder);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
