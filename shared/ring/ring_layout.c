/* ring_layout.c - see ring_layout.h. */
#include "shared/ring/ring_layout.h"

#define PAGE_BYTES  4096u
#define ENTRIES_MAX (UINT64_C(1) << 28)
#define DATA_MAX    (UINT64_C(1) << 46)

bool ring_layout_make(uint64_t index_entries, uint64_t data_bytes, struct ring_layout *out)
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
		return reason_set(why, "the ring is being made, or is not one: it has only %llu bytes",
				  (unsigned long long)bytes);
	const struct ring_header *header = memory;
	if (__atomic_load_n(&header->magic, __ATOMIC_ACQUIRE) != RING_MAGIC)
		return reason_set(why, "the ring is being made, or is not one: its first bytes are not SCRRING1");
	if (header->version != RING_VERSION)
		return reason_set(why, "the ring has version %u; this program reads version %u", header->version,
				  RING_VERSION);

	struct ring_layout layout;
	if (!ring_layout_make(header->index_entries, header->data_bytes, &layout))
		return reason_set(why, "the ring's header is damaged: it has no possible size");
	if (header->header_bytes != RING_HEADER_BYTES || header->index_offset != RING_HEADER_BYTES ||
	    header->data_offset != layout.data_offset || header->total_bytes != layout.total_bytes ||
	    layout.total_bytes > bytes)
		return reason_set(why, "the ring's header is damaged: its parts do not fit the object's %llu bytes",
				  (unsigned long long)bytes);
	*out = layout;
	return true;
}
