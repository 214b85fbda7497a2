/* ring_pages.c - allocates the memory of a ring in pieces. */
#include "recorderd/ring/ring_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/min.h"

#define MIB         (UINT64_C(1) << 20)
#define FIRST_BYTES (64 * MIB) /* some seconds of frames; cleared in some hundredths of a second */
#define PIECE_BYTES (16 * MIB)

/*
 * 0, or the errno. ftruncate() and mmap() succeed even if there is not enough memory, and the first access to a page
 * that cannot be allocated is a SIGBUS. So each page is allocated here before anything is written to it.
 */
static int allocate(int fd, uint64_t from, uint64_t bytes)
{
	int error;

	do
		error = posix_fallocate(fd, (off_t)from, (off_t)bytes);
	while (error == EINTR);
	return error;
}

/* The bytes of that many blocks of the file system, less the spare ones. */
static uint64_t bytes_without_spare(const struct statvfs *fs, uint64_t blocks, unsigned spare)
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
								  : bytes_without_spare(&fs, fs.f_bavail, spare);
}

uint64_t ring_pages_total_bytes(unsigned spare)
{
	struct statvfs fs;

	return statvfs(RING_FOLDER, &fs) != 0 || fs.f_blocks == 0 ? UINT64_MAX
								  : bytes_without_spare(&fs, fs.f_blocks, spare);
}

uint64_t ring_pages_first_bytes(const struct ring_layout *layout)
{
	return layout->data_offset + min_u64(layout->data_bytes, FIRST_BYTES);
}

/* Rounded up. */
static unsigned long long in_mib(uint64_t bytes)
{
	return (bytes + MIB - 1) / MIB;
}

static bool explain_room(const char *name, const struct ring_layout *layout, struct reason *why)
{
	return reason_set(why,
			  "the ring %s needs %llu MiB of " RING_FOLDER " (%llu for frames, %llu for their index), "
			  "but only %llu of its %llu MiB are free: lower [memory] max_mb, or enlarge " RING_FOLDER,
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
	uint64_t first = min_u64(layout->data_bytes, FIRST_BYTES);

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
	return reason_errno(why, "cannot create the ring %s", name);
}

int ring_pages_allocate_next(int fd, struct ring_header *header, const struct ring_layout *layout)
{
	uint64_t usable = atomic_load_explicit(&header->usable, memory_order_relaxed);
	uint64_t piece = min_u64(layout->data_bytes - usable, PIECE_BYTES);
	int error = piece > 0 ? allocate(fd, layout->data_offset + usable, piece) : 0;

	if (error == 0)
		atomic_store_explicit(&header->usable, usable + piece, memory_order_release);
	return error;
}

static void *allocate_rest(void *context)
{
	struct ring_pages *pages = context;
	uint64_t all = pages->layout.data_bytes;
	int error = 0;

	while (error == 0 && atomic_load(&pages->header->usable) < all && !atomic_load(&pages->stopping))
		error = ring_pages_allocate_next(pages->fd, pages->header, &pages->layout);
	if (error == 0)
		return NULL;
	atomic_store(&pages->out_of_room, true);
	log_warn("memory", "%s is full: the ring %s has %llu of %llu MiB (%s)", RING_FOLDER, pages->name,
		 (unsigned long long)(atomic_load(&pages->header->usable) / MIB), (unsigned long long)(all / MIB),
		 strerror(error));
	return NULL;
}

void ring_pages_start(struct ring_pages *pages, const char *name, int fd, struct ring_header *header,
		      const struct ring_layout *layout)
{
	pages->name = name;
	pages->fd = fd;
	pages->header = header;
	pages->layout = *layout;
	if (atomic_load(&header->usable) >= layout->data_bytes)
		return;
	pages->running = pthread_create(&pages->thread, NULL, allocate_rest, pages) == 0;
	if (!pages->running)
		allocate_rest(pages);
}

void ring_pages_stop(struct ring_pages *pages)
{
	if (!pages->running)
		return;
	atomic_store(&pages->stopping, true);
	pthread_join(pages->thread, NULL);
	pages->running = false;
}
