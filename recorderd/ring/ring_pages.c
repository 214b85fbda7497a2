/*
 * ring_pages.c - see ring_pages.h. ftruncate() and mmap() succeed past what there is, and the first touch of a page
 * that cannot be had is a SIGBUS: so each page is got with posix_fallocate() before anything is written to it.
 */
#include "recorderd/ring/ring_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/log.h"

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

/* `blocks` of the folder's, less the spare ones. */
static uint64_t bytes_but_spare(const struct statvfs *fs, uint64_t blocks, unsigned spare)
{
	uint64_t bytes = blocks * fs->f_frsize, spared = fs->f_blocks * spare / 100 * fs->f_frsize;

	if (spare > 0 && spared < RING_SPARE_BYTES)
		spared = RING_SPARE_BYTES;
	return bytes > spared ? bytes - spared : 0;
}

uint64_t ring_pages_free_bytes(unsigned spare)
{
	struct statvfs fs;

	return statvfs(RING_FOLDER, &fs) != 0 || fs.f_blocks == 0 ? UINT64_MAX
								  : bytes_but_spare(&fs, fs.f_bavail, spare);
}

uint64_t ring_pages_total_bytes(unsigned spare)
{
	struct statvfs fs;

	return statvfs(RING_FOLDER, &fs) != 0 || fs.f_blocks == 0 ? UINT64_MAX
								  : bytes_but_spare(&fs, fs.f_blocks, spare);
}

uint64_t ring_pages_first_bytes(const struct ring_layout *layout)
{
	return layout->data_offset + smaller(layout->data_bytes, FIRST_BYTES);
}

/* Whole MiB that are needed: what is left over of one needs one more. */
static unsigned long long in_mib(uint64_t bytes)
{
	return (bytes + MIB - 1) / MIB;
}

static bool explain_room(const char *name, const struct ring_layout *layout, struct reason *why)
{
	return reason_set(why,
			  "the ring %s needs %llu MiB of " RING_FOLDER
			  " (%llu for frames, %llu for their index), which "
			  "has %llu MiB free of %llu: lower [memory] max_mb, or enlarge " RING_FOLDER,
			  name, in_mib(layout->total_bytes), in_mib(layout->data_bytes), in_mib(layout->data_offset),
			  (unsigned long long)(ring_pages_free_bytes(0) / MIB),
			  (unsigned long long)(ring_pages_total_bytes(0) / MIB));
}

bool ring_pages_have_room(const char *name, const struct ring_layout *layout, uint64_t promised, struct reason *why)
{
	uint64_t free_bytes = ring_pages_free_bytes(0);

	return promised > UINT64_MAX - free_bytes || layout->total_bytes <= free_bytes + promised ||
	       explain_room(name, layout, why);
}

bool ring_pages_allocate_first(int fd, const char *name, const struct ring_layout *layout, uint64_t promised,
			       uint64_t *usable, struct reason *why)
{
	uint64_t first = smaller(layout->data_bytes, FIRST_BYTES);

	if (!ring_pages_have_room(name, layout, promised, why))
		return false;
	int error = allocate(fd, 0, layout->data_offset + first);
	if (error == 0 && ftruncate(fd, (off_t)layout->total_bytes) != 0)
		error = errno;
	*usable = first;
	if (error == 0)
		return true;
	if (error == ENOSPC)
		return explain_room(name, layout, why);
	errno = error;
	return reason_errno(why, "cannot make the ring %s", name);
}

int ring_pages_allocate_next(int fd, struct ring_header *header, const struct ring_layout *layout)
{
	uint64_t usable = atomic_load_explicit(&header->usable, memory_order_relaxed);
	uint64_t piece = smaller(layout->data_bytes - usable, PIECE_BYTES);
	int error = piece > 0 ? allocate(fd, layout->data_offset + usable, piece) : 0;

	if (error == 0)
		atomic_store_explicit(&header->usable, usable + piece, memory_order_release);
	return error;
}

static void *grow(void *context)
{
	struct ring_pages *pages = context;
	uint64_t all = pages->layout.data_bytes;
	int error = 0;

	while (error == 0 && atomic_load(&pages->header->usable) < all && !atomic_load(&pages->stopping))
		error = ring_pages_allocate_next(pages->fd, pages->header, &pages->layout);
	if (error == 0)
		return NULL;
	atomic_store(&pages->out_of_room, true);
	log_warn("memory", "%s gives no more than %llu of %llu MiB: %s", RING_FOLDER,
		 (unsigned long long)(atomic_load(&pages->header->usable) / MIB), (unsigned long long)(all / MIB),
		 strerror(error));
	return NULL;
}

void ring_pages_start(struct ring_pages *pages, int fd, struct ring_header *header, const struct ring_layout *layout)
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
