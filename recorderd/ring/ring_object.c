/* ring_object.c - the shared memory object of a ring: opening, checking, freeing. */
#include "recorderd/ring/ring_object.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/base/clock.h"

static void object_path(const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, RING_FOLDER "%s", name);
}

/* Says why an object is not used. */
static enum ring_object_outcome refuse(const char *name, const struct stat *status, struct reason *why)
{
	const struct passwd *owner = getpwuid(status->st_uid);
	char number[24];

	snprintf(number, sizeof(number), "%u", (unsigned)status->st_uid);
	if (!S_ISREG(status->st_mode))
		reason_set(why, RING_FOLDER "%s is not a shared memory object of a recorder: remove it", name);
	else
		reason_set(why,
			   RING_FOLDER "%s belongs to the user %s. This recorder neither uses nor removes it; that "
				       "user can remove it",
			   name, owner ? owner->pw_name : number);
	return RING_OBJECT_FOREIGN;
}

static bool read_layout(int fd, uint64_t bytes, struct ring_layout *out)
{
	struct reason unused;
	void *header = bytes < sizeof(struct ring_header)
			       ? MAP_FAILED
			       : mmap(NULL, sizeof(struct ring_header), PROT_READ, MAP_SHARED, fd, 0);

	if (header == MAP_FAILED)
		return false;
	bool valid = ring_layout_read(header, bytes, out, &unused);
	munmap(header, sizeof(struct ring_header));
	return valid;
}

enum ring_object_outcome ring_object_open(const char *name, uid_t owner, struct ring_object *out, struct reason *why)
{
	char path[PATH_MAX];
	struct ring_layout layout;
	struct stat status;

	*out = (struct ring_object){.fd = -1};
	object_path(name, path);
	if (lstat(path, &status) != 0) {
		reason_errno(why, "there is no ring %s", name);
		return errno == ENOENT ? RING_OBJECT_ABSENT : RING_OBJECT_FOREIGN;
	}
	if (!S_ISREG(status.st_mode) || status.st_uid != owner)
		return refuse(name, &status, why);
	out->fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (out->fd < 0 && errno == ENOENT)
		return RING_OBJECT_ABSENT;
	if (out->fd < 0 || fstat(out->fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != owner) {
		reason_errno(why, "cannot open the existing ring %s", name);
		ring_object_close(out);
		return RING_OBJECT_FOREIGN;
	}
	if (fstat(out->fd, &status) == 0 && read_layout(out->fd, (uint64_t)status.st_size, &layout))
		ring_object_map(out, &layout);
	return RING_OBJECT_FOUND;
}

bool ring_object_map(struct ring_object *object, const struct ring_layout *layout)
{
	size_t bytes = (size_t)layout->total_bytes;

	if (bytes != layout->total_bytes) {
		errno = ENOMEM; /* 32-bit addresses */
		return false;
	}
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, object->fd, 0);
	if (memory == MAP_FAILED)
		return false;
	object->layout = *layout;
	object->header = memory;
	return true;
}

/* Says why there is no mapping. */
static bool explain_layout(const struct ring_object *object, struct reason *why)
{
	struct ring_layout unused;
	struct stat status;
	void *header;

	if (fstat(object->fd, &status) != 0)
		return reason_errno(why, "it cannot be examined");
	if (status.st_size < (off_t)sizeof(struct ring_header))
		return ring_layout_read(NULL, 0, &unused, why);
	header = mmap(NULL, sizeof(struct ring_header), PROT_READ, MAP_SHARED, object->fd, 0);
	if (header == MAP_FAILED)
		return reason_errno(why, "it cannot be mapped");
	if (ring_layout_read(header, (uint64_t)status.st_size, &unused, why))
		reason_set(why, "it is too large for a 32-bit program");
	munmap(header, sizeof(struct ring_header));
	return false;
}

static bool newest_is_whole(const struct ring_object *object, uint64_t head, uint64_t reserve)
{
	const struct ring_entry *entries = (const void *)((const uint8_t *)object->header + RING_HEADER_BYTES);
	const struct ring_entry *entry = &entries[head % object->layout.index_entries];

	return atomic_load(&entry->seq) == head && ring_layout_fits(&object->layout, entry->pos, entry->meta.length) &&
	       entry->pos + entry->meta.length <= reserve &&
	       ring_layout_is_intact(&object->layout, entry->pos, reserve);
}

bool ring_object_can_take_over(const struct ring_object *object, struct reason *why)
{
	const struct ring_header *header = object->header;
	struct stat status;
	uint8_t boot_id[16];

	if (!header)
		return explain_layout(object, why);
	if (fstat(object->fd, &status) != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return reason_set(why, "other users could have written to it");
	clock_boot_id(boot_id);
	if (memcmp(boot_id, header->boot_id, sizeof(boot_id)) != 0)
		return reason_set(why, "it is from before this machine was last booted");
	if (atomic_load(&header->closed) != 0)
		return reason_set(why, "it was closed");
	uint64_t head = atomic_load(&header->head), tail = atomic_load(&header->tail);
	uint64_t reserve = atomic_load(&header->reserve), write_pos = atomic_load(&header->write_pos);
	uint64_t usable = atomic_load(&header->usable);
	if (usable == 0 || usable > object->layout.data_bytes || reserve >= RING_POSITION_MAX || write_pos > reserve ||
	    head >= RING_POSITION_MAX || tail > head + 1 || (head > 0 && !newest_is_whole(object, head, reserve)))
		return reason_set(why, "it is damaged: its header is inconsistent");
	return true;
}

bool ring_object_has_name(int fd, const char *name)
{
	char path[PATH_MAX];
	struct stat named, own;

	object_path(name, path);
	if (lstat(path, &named) != 0)
		return errno != ENOENT;
	return fstat(fd, &own) != 0 || (named.st_dev == own.st_dev && named.st_ino == own.st_ino);
}

void ring_object_wake(struct ring_header *header)
{
	atomic_fetch_add_explicit(&header->wake, 1, memory_order_release);
	syscall(SYS_futex, &header->wake, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void punch(const struct ring_object *object, uint64_t from, uint64_t bytes)
{
	if (bytes > 0 && fallocate(object->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   (off_t)(object->layout.data_offset + from), (off_t)bytes) != 0)
		return; /* freed when the last process unmaps it */
}

void ring_object_punch(const struct ring_object *object, uint64_t from, uint64_t to)
{
	uint64_t size = object->layout.data_bytes;

	if (to - from >= size) {
		punch(object, 0, size);
		return;
	}
	uint64_t begin = from % size, bytes = to - from, first = bytes < size - begin ? bytes : size - begin;
	punch(object, begin, first);
	punch(object, 0, bytes - first);
}

/* Finds the newest frame; false if there is none within the layout. */
static bool newest_frame(const struct ring_object *object, uint64_t *pos, uint32_t *length)
{
	const struct ring_entry *entries = (const void *)((const uint8_t *)object->header + RING_HEADER_BYTES);
	uint64_t head = atomic_load(&object->header->head);
	const struct ring_entry *entry = &entries[head % object->layout.index_entries];

	*pos = entry->pos;
	*length = entry->meta.length;
	return head > 0 && atomic_load(&entry->seq) == head && ring_layout_fits(&object->layout, *pos, *length) &&
	       ring_layout_is_intact(&object->layout, *pos, atomic_load(&object->header->reserve));
}

/* A reader checks `reserve` after it has used a frame, and finds here that the frame was overwritten. */
static void free_frames(struct ring_object *object, bool keep_newest)
{
	uint64_t pos, size = object->layout.data_bytes;
	uint32_t length;

	if (!object->header)
		return;
	bool stays = keep_newest && newest_frame(object, &pos, &length);
	atomic_store_explicit(&object->header->reserve, stays ? pos + size : UINT64_MAX, memory_order_relaxed);
	atomic_store_explicit(&object->header->closed, 1, memory_order_release);
	if (stays)
		atomic_store_explicit(&object->header->tail, atomic_load(&object->header->head), memory_order_relaxed);
	ring_fence(memory_order_seq_cst);
	ring_object_wake(object->header);
	if (stays)
		ring_object_punch(object, pos + length, pos + size);
	else
		ring_object_punch(object, 0, size);
}

void ring_object_remove(struct ring_object *object, const char *name)
{
	if (ring_object_has_name(object->fd, name))
		shm_unlink(name);
	free_frames(object, true);
}

void ring_object_empty(struct ring_object *object, const char *name)
{
	if (ring_object_has_name(object->fd, name))
		shm_unlink(name);
	free_frames(object, false);
}

void ring_object_retire(struct ring_object *object, const char *name)
{
	if (ring_object_has_name(object->fd, name))
		shm_unlink(name);
	if (!object->header)
		return;
	atomic_store_explicit(&object->header->closed, 1, memory_order_release);
	ring_object_wake(object->header);
}

void ring_object_close(struct ring_object *object)
{
	if (object->header)
		munmap(object->header, (size_t)object->layout.total_bytes);
	if (object->fd >= 0)
		close(object->fd);
	*object = (struct ring_object){.fd = -1};
}
