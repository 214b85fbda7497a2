/* ring_reader.c - the reading side of the ring. */
#include "shared/ring/ring_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shared/ring/ring_layout.h"
#include "shared/ring/shm_name.h"

#define ALIVE_US        (3 * US_PER_S)
#define SEQLOCK_RETRIES 64

/* If a long has 32 bits, the older futex call takes 32-bit times, unlike the struct timespec of this program. */
#ifdef SYS_futex_time64
#define FUTEX_CALL SYS_futex_time64
#else
#define FUTEX_CALL SYS_futex
#endif

struct ring_reader {
	const struct ring_header *header;
	const struct ring_entry *entries;
	const uint8_t *data;
	struct ring_layout layout; /* checked when the ring was opened; the numbers in the header are not used again */
	void *mapping;             /* NULL: attached, and not owned */
	size_t mapped_bytes;
	dev_t device;
	ino_t inode;
	uid_t owner;
};

struct ring_reader *ring_reader_attach(const void *memory, uint64_t bytes, struct reason *why)
{
	struct ring_layout layout;

	if (!ring_layout_read(memory, bytes, &layout, why))
		return NULL;
	struct ring_reader *reader = calloc(1, sizeof(*reader));
	if (!reader) {
		reason_errno(why, "cannot read the ring");
		return NULL;
	}
	reader->header = memory;
	reader->entries = (const void *)((const uint8_t *)memory + RING_HEADER_BYTES);
	reader->data = (const uint8_t *)memory + layout.data_offset;
	reader->layout = layout;
	return reader;
}

/* A recorder never creates a ring that is open to all users. */
static bool is_private(const struct stat *status)
{
	return S_ISREG(status->st_mode) && (status->st_mode & (S_IWGRP | S_IRWXO)) == 0;
}

/* Closes `fd`, an object of that name. */
static struct ring_reader *map_object(int fd, const char *name, struct reason *why)
{
	struct ring_reader *reader = NULL;
	struct stat status;
	void *memory = MAP_FAILED;

	if (fstat(fd, &status) != 0) {
		reason_errno(why, "cannot read the ring %s", name);
		goto out;
	}
	if (!is_private(&status)) {
		reason_set(why, "the ring %s is open to all users, so no recorder created it: it is not trusted", name);
		goto out;
	}
	if (status.st_size < (off_t)RING_HEADER_BYTES) {
		reason_set(why, "the ring %s is being created", name);
		goto out;
	}
	size_t bytes = (size_t)status.st_size;
	if (status.st_uid != geteuid()) {
		memory = ring_layout_copy_object(fd, (uint64_t)status.st_size, why);
		if (!memory)
			goto out;
	} else {
		errno = ENOMEM; /* for an object that is too large for 32-bit addresses */
		if ((off_t)bytes == status.st_size)
			memory = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
		if (memory == MAP_FAILED) {
			reason_errno(why, "cannot map the ring %s", name);
			goto out;
		}
	}
	reader = ring_reader_attach(memory, bytes, why);
	if (!reader) {
		munmap(memory, bytes);
		goto out;
	}
	reader->mapping = memory;
	reader->mapped_bytes = bytes;
	reader->device = status.st_dev;
	reader->inode = status.st_ino;
	reader->owner = status.st_uid;
out:
	close(fd);
	return reader;
}

static struct ring_reader *explain_absence(const char *name, struct reason *why)
{
	if (errno == ENOENT)
		reason_set(why, "the ring %s does not exist: its recorder is not running", name);
	else if (errno == EPERM)
		reason_set(why, "the ring %s belongs to another user, or others may write to it: it is not trusted",
			   name);
	else
		reason_errno(why, "cannot open the ring %s", name);
	return NULL;
}

struct ring_reader *ring_reader_open(const char *name, struct reason *why)
{
	struct stat status;
	int fd = shm_name_open(name, O_RDONLY, &status);

	return fd >= 0 ? map_object(fd, name, why) : explain_absence(name, why);
}

struct ring_reader *ring_reader_open_any_user(const char *name, struct reason *why)
{
	struct stat status;
	int fd = shm_name_open(name, O_RDONLY, &status);

	if (fd < 0)
		fd = shm_open(name, O_RDONLY | O_NONBLOCK, 0);
	return fd >= 0 ? map_object(fd, name, why) : explain_absence(name, why);
}

uid_t ring_reader_owner(const struct ring_reader *reader)
{
	return reader->owner;
}

void ring_reader_close(struct ring_reader *reader)
{
	if (!reader)
		return;
	if (reader->mapping)
		munmap(reader->mapping, reader->mapped_bytes);
	free(reader);
}

bool ring_reader_is_closed(const struct ring_reader *reader)
{
	return atomic_load_explicit(&reader->header->closed, memory_order_acquire) != 0;
}

bool ring_reader_is_current(const struct ring_reader *reader, const char *name)
{
	if (ring_reader_is_closed(reader))
		return false;
	if (!reader->mapping)
		return true;

	struct stat status;
	int fd = shm_name_open(name, O_RDONLY, &status);
	if (fd < 0)
		return false;
	bool same = status.st_dev == reader->device && status.st_ino == reader->inode;
	close(fd);
	return same;
}

uint64_t ring_reader_head(const struct ring_reader *reader)
{
	uint64_t head = atomic_load_explicit(&reader->header->head, memory_order_acquire);

	return head < RING_POSITION_MAX ? head : 0; /* a loop that counts up to it must end */
}

uint64_t ring_reader_mask(const struct ring_reader *reader)
{
	return atomic_load_explicit(&reader->header->mask, memory_order_relaxed);
}

bool ring_reader_is_emptied(const struct ring_reader *reader)
{
	return atomic_load_explicit(&reader->header->closed, memory_order_acquire) != 0 &&
	       atomic_load_explicit(&reader->header->reserve, memory_order_relaxed) == UINT64_MAX;
}

/* Never more than the ring has, whatever the header says. */
uint64_t ring_reader_data_bytes(const struct ring_reader *reader)
{
	uint64_t usable = atomic_load_explicit(&reader->header->usable, memory_order_relaxed);

	return usable > 0 && usable < reader->layout.data_bytes ? usable : reader->layout.data_bytes;
}

void ring_reader_boot_id(const struct ring_reader *reader, uint8_t out[16])
{
	memcpy(out, reader->header->boot_id, sizeof(reader->header->boot_id));
}

/* The oldest frame that can still be in the index; greater than head if there is none. */
static uint64_t oldest_indexed(const struct ring_reader *reader, uint64_t head)
{
	return head > reader->layout.index_entries ? head - reader->layout.index_entries + 1 : 1;
}

bool ring_reader_get(const struct ring_reader *reader, uint64_t seq, struct ring_frame *out)
{
	uint64_t head = ring_reader_head(reader);

	if (seq == 0 || seq > head || seq < oldest_indexed(reader, head))
		return false;
	const struct ring_entry *entry = &reader->entries[seq % reader->layout.index_entries];
	if (atomic_load_explicit(&entry->seq, memory_order_acquire) != seq)
		return false;

	struct ring_frame frame = {.seq = seq};
	ring_words_out(&frame.pos, &entry->pos, sizeof(frame.pos));
	ring_words_out(&frame.meta, &entry->meta, sizeof(frame.meta));
	ring_fence(memory_order_acquire);
	if (atomic_load_explicit(&entry->seq, memory_order_relaxed) != seq)
		return false;
	if (!ring_layout_fits(&reader->layout, frame.pos, frame.meta.length) ||
	    !clock_is_plausible(frame.meta.wall_us) || !clock_is_plausible(frame.meta.mono_us))
		return false;
	frame.data = reader->data + frame.pos % reader->layout.data_bytes;
	if (!ring_reader_is_intact(reader, &frame))
		return false;
	*out = frame;
	return true;
}

bool ring_reader_is_intact(const struct ring_reader *reader, const struct ring_frame *frame)
{
	ring_fence(memory_order_acquire);
	uint64_t reserve = atomic_load_explicit(&reader->header->reserve, memory_order_relaxed);
	return ring_layout_is_intact(&reader->layout, frame->pos, reserve);
}

double ring_reader_age(const struct ring_reader *reader, const struct ring_frame *frame)
{
	uint64_t reserve = atomic_load_explicit(&reader->header->reserve, memory_order_relaxed);
	uint64_t size = reader->layout.data_bytes, usable = ring_reader_data_bytes(reader);

	if (!ring_layout_is_intact(&reader->layout, frame->pos, reserve))
		return 1.0;
	uint64_t since = reserve - frame->pos;
	if (reserve / size != frame->pos / size) /* the writer skipped the bytes past `usable` */
		since -= since < size - usable ? since : size - usable;
	return since < usable ? (double)since / (double)usable : 1.0;
}

bool ring_reader_copy(const struct ring_reader *reader, const struct ring_frame *frame, uint8_t *out)
{
	ring_copy_out(out, frame->data, frame->meta.length);
	return ring_reader_is_intact(reader, frame);
}

/* Frames are overwritten in the order of their numbers, so a binary search finds the first intact one. */
uint64_t ring_reader_tail(const struct ring_reader *reader)
{
	uint64_t head = ring_reader_head(reader);
	uint64_t low = atomic_load_explicit(&reader->header->tail, memory_order_acquire);
	uint64_t indexed = oldest_indexed(reader, head);
	if (low < indexed)
		low = indexed;
	uint64_t high = head;
	struct ring_frame frame;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (ring_reader_get(reader, middle, &frame))
			high = middle;
		else
			low = middle + 1;
	}
	return low < head ? low : head;
}

bool ring_reader_wait(const struct ring_reader *reader, uint64_t seen, int timeout_ms)
{
	struct timespec until;

	if (timeout_ms >= 0) {
		int64_t us = mono_now().us + timeout_ms * US_PER_MS;
		until = (struct timespec){.tv_sec = us / US_PER_S, .tv_nsec = (long)(us % US_PER_S) * 1000};
	}
	bool was_closed = ring_reader_is_closed(reader);
	for (;;) {
		uint32_t wake = atomic_load_explicit(&reader->header->wake, memory_order_acquire);
		if (ring_reader_head(reader) != seen)
			return true;
		if (ring_reader_is_closed(reader) && !was_closed)
			return false;
		/* FUTEX_WAIT_BITSET takes an absolute deadline on CLOCK_MONOTONIC. */
		long result = syscall(FUTEX_CALL, &reader->header->wake, FUTEX_WAIT_BITSET, wake,
				      timeout_ms >= 0 ? &until : NULL, NULL, FUTEX_BITSET_MATCH_ANY);
		if (result != 0 && errno != EAGAIN && errno != EINTR)
			return ring_reader_head(reader) != seen;
	}
}

/*
 * Copies what a sequence lock protects. The writer holds the lock for microseconds, so one that stays odd belongs to a
 * writer that died.
 */
static bool read_locked(const _Atomic uint64_t *lock, const uint8_t *shared, void *out, size_t bytes)
{
	for (int i = 0; i < SEQLOCK_RETRIES; i++) {
		uint64_t before = atomic_load_explicit(lock, memory_order_acquire);
		if (before == 0)
			return false;
		if (before % 2 == 0) {
			ring_words_out(out, shared, bytes);
			ring_fence(memory_order_acquire);
			if (atomic_load_explicit(lock, memory_order_relaxed) == before)
				return true;
		}
		sched_yield();
	}
	return false;
}

bool ring_reader_state(const struct ring_reader *reader, struct recorder_state *out)
{
	if (!read_locked(&reader->header->state_lock, reader->header->state, out, sizeof(*out)))
		return false;
	state_sanitize(out);
	return true;
}

bool ring_reader_is_alive(const struct ring_reader *reader, const struct recorder_state *state)
{
	int64_t age_us = mono_now().us - state->heartbeat_mono_us;

	return !ring_reader_is_closed(reader) && state->camera_state != CAMERA_STOPPED && age_us < ALIVE_US;
}

bool ring_reader_devices(const struct ring_reader *reader, char out[RING_DEVICES_BYTES])
{
	if (!read_locked(&reader->header->devices_lock, reader->header->devices, out, RING_DEVICES_BYTES))
		return false;
	out[RING_DEVICES_BYTES - 1] = '\0';
	return out[0] != '\0';
}
