/*
 * ring_pages.c - see ring_pages.h. ftruncate() and mmap() succeed past what there is, and the first touch of a page
 * that cannot be had is a SIGBUS: so each page is got with posix_fallocate() before anything is written to it.
 */
#include "shared/ring_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/log.h"

#define MIB         (UINT64_C(1) << 20)
#define FIRST_BYTES (64 * MIB) /* some seconds of frames, and some hundredths of a second to clear */
#define PIECE_BYTES (16 * MIB)

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* 0, or the errno. */
static int allocate(int fd, uint64_t from, uint64_t bytes)
{
	int error;

	do
		error = posix_fallocate(fd, (off_t)from, (off_t)bytes);
	while (error == EINTR);
	return error;
}

uint64_t ring_pages_free(unsigned spare)
{
	struct statvfs fs;

	if (statvfs(RING_FOLDER, &fs) != 0 || fs.f_blocks == 0)
		return UINT64_MAX;
	uint64_t spared = fs.f_blocks * spare / 100;
	return fs.f_bavail > spared ? (fs.f_bavail - spared) * fs.f_frsize : 0;
}

bool ring_pages_begin(int fd, const char *name, const struct ring_layout *layout, uint64_t *usable, struct reason *why)
{
	uint64_t first = smaller(layout->data_bytes, FIRST_BYTES), free_bytes = ring_pages_free(0);
	int error = layout->total_bytes > free_bytes ? ENOSPC : allocate(fd, 0, layout->data_offset + first);

	if (error == 0 && ftruncate(fd, (off_t)layout->total_bytes) != 0)
		error = errno;
	*usable = first;
	if (error == 0)
		return true;
	if (error == ENOSPC)
		return reason_set(why,
				  "%s has no room for the ring %s of %llu MiB (%llu MiB are free): lower [memory] "
				  "max_mb, or enlarge " RING_FOLDER,
				  RING_FOLDER, name, (unsigned long long)(layout->data_bytes / MIB),
				  (unsigned long long)(free_bytes / MIB));
	errno = error;
	return reason_errno(why, "cannot make the ring %s", name);
}

static void *grow(void *context)
{
	struct ring_pages *pages = context;
	uint64_t all = pages->layout.data_bytes;
	uint64_t usable = atomic_load_explicit(&pages->header->usable, memory_order_relaxed);

	while (usable < all && !atomic_load(&pages->stopping)) {
		uint64_t piece = smaller(all - usable, PIECE_BYTES);
		int error = allocate(pages->fd, pages->layout.data_offset + usable, piece);

		if (error != 0) {
			log_warn("memory", "%s gives no more than %llu of %llu MiB: %s", RING_FOLDER,
				 (unsigned long long)(usable / MIB), (unsigned long long)(all / MIB), strerror(error));
			break;
		}
		usable += piece;
		atomic_store_explicit(&pages->header->usable, usable, memory_order_release);
	}
	return NULL;
}

void ring_pages_grow(struct ring_pages *pages, int fd, struct ring_header *header, const struct ring_layout *layout)
{
	pages->fd = fd;
	pages->header = header;
	pages->layout = *layout;
	if (atomic_load(&header->usable) >= layout->data_bytes)
		return;
	pages->runs = pthread_create(&pages->thread, NULL, grow, pages) == 0;
	if (!pages->runs)
		grow(pages);
}

void ring_pages_stop(struct ring_pages *pages)
{
	if (!pages->runs)
		return;
	atomic_store(&pages->stopping, true);
	pthread_join(pages->thread, NULL);
	pages->runs = false;
}
