/* ring_layout.c - the layout of a ring's object. */
#include "shared/ring/ring_layout.h"

#include <stddef.h>
#include <sys/mman.h>

#include "shared/base/file_io.h"

#define LOCK_OFFSET    offsetof(struct ring_header, state_lock)
#define COPY_TRIES     64
#define INDEX_COPY_MAX ((size_t)256 << 20) /* bytes; an entry has 64 */
#define PAGE_BYTES     4096u
#define ENTRIES_MAX    (UINT64_C(1) << 28)
#define DATA_MAX       (UINT64_C(1) << 46) /* bytes */

bool ring_layout_init(uint64_t index_entries, uint64_t data_bytes, struct ring_layout *out)
{
	if (index_entries == 0 || index_entries > ENTRIES_MAX || data_bytes < PAGE_BYTES || data_bytes > DATA_MAX)
		return false;
	uint64_t index_end = RING_HEADER_BYTES + index_entries * sizeof(struct ring_entry);
	*out = (struct ring_layout){
		.index_entries = index_entries,
		.data_offset = (index_end + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES,
		.data_bytes = data_bytes,
	};
	out->total_bytes = out->data_offset + data_bytes;
	return true;
}

bool ring_layout_read(const void *memory, uint64_t bytes, struct ring_layout *out, struct reason *why)
{
	if (bytes < sizeof(struct ring_header))
		return reason_set(why, "the ring is being created, or is not a ring: it has only %llu bytes",
				  (unsigned long long)bytes);
	const struct ring_header *header = memory;
	if (__atomic_load_n(&header->magic, __ATOMIC_ACQUIRE) != RING_MAGIC)
		return reason_set(why, "the ring is being created, or is not a ring: it does not begin with SCRRING1");
	if (header->version != RING_VERSION)
		return reason_set(why, "the ring has version %u; this program needs version %u", header->version,
				  RING_VERSION);

	struct ring_layout layout;
	if (!ring_layout_init(header->index_entries, header->data_bytes, &layout))
		return reason_set(why, "the ring's header is damaged: its sizes are impossible");
	if (header->header_bytes != RING_HEADER_BYTES || header->index_offset != RING_HEADER_BYTES ||
	    header->data_offset != layout.data_offset || header->total_bytes != layout.total_bytes ||
	    layout.total_bytes > bytes)
		return reason_set(why, "the ring's header is damaged: its sizes do not match the object's %llu bytes",
				  (unsigned long long)bytes);
	*out = layout;
	return true;
}

/* Follows the readers' rule (ring.h): the state is consistent if the lock was even and has not changed meanwhile. */
static bool copy_header(int fd, struct ring_header *out)
{
	uint64_t before, after;

	for (int i = 0; i < COPY_TRIES; i++) {
		if (read_at(fd, &before, sizeof(before), LOCK_OFFSET) != sizeof(before) ||
		    read_at(fd, out, RING_HEADER_BYTES, 0) != RING_HEADER_BYTES ||
		    read_at(fd, &after, sizeof(after), LOCK_OFFSET) != sizeof(after))
			return false;
		if (before == after && before % 2 == 0)
			return true;
	}
	return true; /* the writer died while it changed the state */
}

void *ring_layout_copy_object(int fd, uint64_t bytes, struct reason *why)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	void *copy = bytes <= SIZE_MAX ? mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, flags, -1, 0) : MAP_FAILED;
	struct ring_layout layout;

	if (copy == MAP_FAILED) {
		reason_errno(why, "no memory for a copy of the ring");
		return NULL;
	}
	if (!copy_header(fd, copy)) {
		reason_set(why, "the ring is being truncated");
	} else if (ring_layout_read(copy, bytes, &layout, why)) {
		size_t index_bytes = (size_t)(layout.data_offset - RING_HEADER_BYTES);
		if (index_bytes > INDEX_COPY_MAX)
			reason_set(why, "the ring's index is larger than any that a recorder creates");
		else if (read_at(fd, (uint8_t *)copy + RING_HEADER_BYTES, index_bytes, RING_HEADER_BYTES) !=
			 (ssize_t)index_bytes)
			reason_set(why, "the ring is being truncated");
		else
			return copy;
	}
	munmap(copy, (size_t)bytes);
	return NULL;
}
