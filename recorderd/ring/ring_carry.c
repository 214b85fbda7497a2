/* ring_carry.c - copies the newest frames of an earlier ring into a new one. */
#include "recorderd/ring/ring_writer_internal.h"
#include "shared/ring/ring_reader.h"

#define PAGE_BYTES  UINT64_C(4096)
#define PIECE_BYTES (UINT64_C(16) << 20) /* freed at a time */
#define COPY_MAX    (UINT64_C(4) << 30)  /* no frame is captured during copying, which takes some seconds */

static const struct ring_entry *entry_of(const struct ring_object *object, uint64_t seq)
{
	const struct ring_entry *entries = (const void *)((const uint8_t *)object->header + RING_HEADER_BYTES);

	return &entries[seq % object->layout.index_entries];
}

/* The position up to which nothing is needed once the frames up to `seq` are dropped. */
static uint64_t frame_end(const struct ring_object *object, uint64_t seq)
{
	const struct ring_entry *entry = entry_of(object, seq);

	return entry->pos + entry->meta.length;
}

/* Marks frames whose bytes are about to go as invalid, also for a recorder that takes over after a crash here. */
static void invalidate(const struct ring_object *object, uint64_t from, uint64_t to)
{
	struct ring_entry *entries = (void *)((uint8_t *)object->header + RING_HEADER_BYTES);

	for (uint64_t seq = from; seq < to; seq++)
		atomic_store_explicit(&entries[seq % object->layout.index_entries].seq, 0, memory_order_relaxed);
	ring_fence(memory_order_seq_cst);
}

/* The number of the oldest frame that fits. */
static uint64_t oldest_fitting(const struct ring_reader *reader, const struct ring_layout *to)
{
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader), first = head + 1, bytes = 0;
	uint64_t limit = to->data_bytes < COPY_MAX ? to->data_bytes : COPY_MAX;
	struct ring_frame frame;

	while (first > tail && first > 1 && head - first + 2 <= to->index_entries &&
	       ring_reader_get(reader, first - 1, &frame) && bytes + frame.meta.length <= limit) {
		bytes += frame.meta.length;
		first--;
	}
	return first;
}

uint64_t ring_carry_choose(const struct ring_object *from, const struct ring_layout *to)
{
	struct reason unused;
	struct ring_reader *reader = ring_reader_attach(from->header, from->layout.total_bytes, &unused);
	if (!reader)
		return UINT64_MAX;
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader), first = oldest_fitting(reader, to);
	uint64_t reserve = atomic_load(&from->header->reserve), size = from->layout.data_bytes;
	uint64_t oldest = reserve > size ? reserve - size : 0;
	uint64_t freed = oldest, until = oldest; /* positions: freed so far, and no longer needed */

	ring_reader_close(reader);
	if (reserve < size && ring_pages_free_bytes(0) < ring_pages_first_bytes(to))
		ring_object_punch(from, reserve, size); /* nothing has been written there yet */
	for (uint64_t seq = tail; seq <= head && seq > 0; seq++) {
		bool kept = seq >= first;
		if (until - freed >= PIECE_BYTES || (kept && until > freed)) {
			ring_object_punch(from, freed, until);
			/* Only whole pages are freed: the rest of the last one is freed with the next piece. */
			freed = until - until % PAGE_BYTES > oldest ? until - until % PAGE_BYTES : oldest;
		}
		if (kept && ring_pages_free_bytes(0) >= ring_pages_first_bytes(to))
			return seq;
		invalidate(from, seq, seq + 1);
		until = frame_end(from, seq);
	}
	ring_object_punch(from, 0, size);
	return head + 1;
}

/* Allocates pages for the next frame, if there are any. Otherwise the frame goes to the ring's beginning. */
static void make_room(struct ring_writer *to, uint32_t length)
{
	const struct ring_layout *layout = &to->object.layout;
	uint64_t at = to->next_pos % layout->data_bytes;

	while (at + length > atomic_load(&to->object.header->usable) &&
	       atomic_load(&to->object.header->usable) < layout->data_bytes)
		if (ring_pages_allocate_next(to->object.fd, to->object.header, layout) != 0)
			return;
}

static void copy_published(struct ring_writer *to, const struct ring_reader *reader)
{
	static char devices[RING_DEVICES_BYTES];
	struct recorder_state state;

	if (ring_reader_state(reader, &state))
		ring_writer_set_state(to, &state);
	if (ring_reader_devices(reader, devices))
		ring_writer_set_devices(to, devices);
}

void ring_carry(struct ring_writer *to, struct ring_object *from, uint64_t first)
{
	struct reason unused;
	struct ring_reader *reader = ring_reader_attach(from->header, from->layout.total_bytes, &unused);
	if (!reader)
		return;
	uint64_t head = ring_reader_head(reader), invalid_from = first, until = 0, freed = 0;
	struct ring_frame frame;

	copy_published(to, reader);
	for (uint64_t seq = first; seq <= head; seq++) {
		if (!ring_reader_get(reader, seq, &frame))
			continue;
		freed = freed ? freed : frame.pos;
		make_room(to, frame.meta.length);
		struct iovec part = {(void *)(uintptr_t)frame.data, frame.meta.length};
		ring_writer_put(to, &frame.meta, &part, 1);
		until = frame.pos + frame.meta.length;
		/* The newest frame stays: without it, a crash here would leave a ring that cannot be taken over. */
		if (until - freed < PIECE_BYTES || seq == head)
			continue;
		invalidate(from, invalid_from, seq + 1);
		ring_object_punch(from, freed, until);
		invalid_from = seq + 1;
		freed = until;
	}
	ring_reader_close(reader);
}
