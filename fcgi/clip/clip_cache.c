/* clip_cache.c - stores and finds copies of answered clips. */
#include "fcgi/clip/clip_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fcgi/clip/kept_clips.h"
#include "shared/base/big_endian.h"
#include "shared/base/file_limit.h"

#define BOX_BYTES_MIN 12u /* size, type, size again */
#define BOX_BYTES_MAX 4096u
#define POLL_MS       100

/*
 * Four lines: the entity tag; the source; start, first frame, end and duration in microseconds, then the numbers of
 * frames and spans; the spans.
 */
static void trailer_text(const struct clip *clip, struct buffer *out)
{
	buffer_printf(out, "%s\n%s\n%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64 " %zu\n", clip->etag,
		      clip->source, clip->start_us, clip->first_us, clip->end_us, clip->duration_us, clip->frames,
		      clip->span_count);
	buffer_append(out, clip->spans.data, clip->spans.length);
}

static bool trailer_parse(char *text, struct clip *clip)
{
	int at = 0;

	if (sscanf(text, "%31[^\n]\n%23[^\n]\n%" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNu64 " %zu%n",
		   clip->etag, clip->source, &clip->start_us, &clip->first_us, &clip->end_us, &clip->duration_us,
		   &clip->frames, &clip->span_count, &at) != 8)
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
	buffer_free(&box);
	return good;
}

/* Reads the trailer into *clip. The media are the *clip_bytes before it. */
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

bool clip_cache_find(int clips_folder, const struct clip_cache_key *key, struct clip *out)
{
	char name[CLIP_CACHE_NAME_BYTES];
	uint64_t clip_bytes;
	int folder = clip_cache_folder_open(clips_folder);

	*out = (struct clip){0};
	if (folder < 0)
		return false;
	clip_cache_file_name(key, name);
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	close(folder);
	if (fd < 0)
		return false;
	out->file = virtual_file_create();
	bool good = trailer_read(fd, out, &clip_bytes) && out->file &&
		    virtual_file_append_range(out->file, fd, 0, clip_bytes);
	if (!out->file)
		close(fd);
	else
		good = virtual_file_adopt_fd(out->file, fd) && good;
	if (!good)
		clip_free(out);
	return good;
}

/* How many bytes the disk lacks to take `bytes` more and keep its reserve. Returns false if that is not known. */
static bool missing_bytes(const struct clip_cache_store *store, int folder, uint64_t bytes, uint64_t *missing)
{
	struct statvfs disk;

	if (fstatvfs(folder, &disk) != 0)
		return false;
	uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize, wanted_bytes = bytes + store->reserve_bytes;
	*missing = free_bytes >= wanted_bytes ? 0 : wanted_bytes - free_bytes;
	return true;
}

static bool room_for(const struct clip_cache_store *store, int folder)
{
	uint64_t missing, bytes = virtual_file_size(store->clip->file) + BOX_BYTES_MAX;

	if (bytes > store->max_bytes || !missing_bytes(store, folder, bytes, &missing))
		return false;
	/* A clip that cannot be evicted stays, and counts. */
	if (clip_cache_evict(folder, store->max_bytes - bytes, missing).left_bytes > store->max_bytes - bytes)
		return false;
	return missing_bytes(store, folder, bytes, &missing) && missing == 0;
}

static bool write_clip(const struct clip_cache_store *store, int folder, int fd)
{
	char name[CLIP_CACHE_NAME_BYTES];

	clip_cache_file_name(&store->key, name);
	return kept_clip_copy(fd, store->clip->file) && trailer_append(fd, store->clip) && fsync(fd) == 0 &&
	       renameat(folder, CLIP_CACHE_PART, folder, name) == 0;
}

/* Opens the one temporary file, waiting while somebody else writes it. */
static int part_wait(const struct clip_cache_store *store, int folder)
{
	const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};

	for (int waited_ms = 0;; waited_ms += POLL_MS) {
		int fd = kept_clip_part_open(folder, CLIP_CACHE_PART);
		if (fd >= 0 || errno != EWOULDBLOCK || waited_ms >= store->wait_ms)
			return fd;
		nanosleep(&pause, NULL);
	}
}

int clip_cache_store_run(const struct clip_cache_store *store)
{
	int folder, fd = -1;
	bool good = false;

	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
	mkdirat(store->clips_folder, CLIP_CACHE_FOLDER, 0750);
	folder = clip_cache_folder_open(store->clips_folder);
	if (folder >= 0)
		fd = part_wait(store, folder);
	if (fd >= 0) {
		good = virtual_file_size(store->clip->file) + BOX_BYTES_MAX <= file_limit_bytes(fd) &&
		       room_for(store, folder) && write_clip(store, folder, fd);
		if (!good)
			unlinkat(folder, CLIP_CACHE_PART, 0);
		close(fd);
	}
	if (folder >= 0)
		close(folder);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
