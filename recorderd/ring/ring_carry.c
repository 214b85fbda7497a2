/* ring_carry.c - see ring_writer_internal.h. */
#include "recorderd/ring/ring_writer_internal.h"
#include "shared/ring/ring_reader.h"

#define PAGE_BYTES  UINT64_C(4096)
#define PIECE_BYTES (UINT64_C(16) << 20) /* so much is given back at a time */
#define MOST_BYTES  (UINT64_C(4) << 30)  /* no frame is taken meanwhile: some seconds */

static const struct ring_entry *entry_of(const struct ring_object *object, uint64_t seq)
{
	const struct ring_entry *entries = (const void *)((const uint8_t *)object->header + RING_HEADER_BYTES);

	return &entries[seq % object->layout.index_entries];
}

/* The position in front of which nothing is needed any more once the frames up to `seq` are gone. */
static uint64_t end_of(const struct ring_object *object, uint64_t seq)
{
	const struct ring_entry *entry = entry_of(object, seq);

	return entry->pos + entry->meta.length;
}

/* Frames whose bytes are gone are no frames: also for one who takes over what a crash in the middle of this leaves. */
static void forget(const struct ring_object *object, uint64_t from, uint64_t to)
{
	struct ring_entry *entries = (void *)((uint8_t *)object->header + RING_HEADER_BYTES);

	for (uint64_t seq = from; seq < to; seq++)
		atomic_store_explicit(&entries[seq % object->layout.index_entries].seq, 0, memory_order_relaxed);
	ring_fence(memory_order_seq_cst);
}

/* The oldest frame of those that fit. */
static uint64_t oldest_fitting(const struct ring_reader *reader, const struct ring_layout *to)
{
	uint64_t head = ring_reader_head(reader), tail = ring_reader_tail(reader), first = head + 1, bytes = 0;
	uint64_t most = to->data_bytes < MOST_BYTES ? to->data_bytes : MOST_BYTES;
	struct ring_frame frame;

	while (first > tail && first > 1 && head - first + 2 <= to->index_entries &&
	       ring_reader_get(reader, first - 1, &frame) && bytes + frame.meta.length <= most) {
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
	uint64_t gone = reserve > size ? reserve - size : 0; /* in front of this position */
	uint64_t began = gone, upto = gone;

	ring_reader_close(reader);
	if (reserve < size && ring_pages_free_bytes(0) < ring_pages_first_bytes(to))
		ring_object_punch(from, reserve, size); /* nothing was written there so far */
	for (uint64_t seq = tail; seq <= head && seq > 0; seq++) {
		bool kept = seq >= first;
		if (upto - gone >= PIECE_BYTES || (kept && upto > gone)) {
			ring_object_punch(from, gone, upto);
			/* A page goes as a whole: one of which a part is left goes with what comes next. */
			gone = upto - upto % PAGE_BYTES > began ? upto - upto % PAGE_BYTES : began;
		}
		if (kept && ring_pages_free_bytes(0) >= ring_pages_first_bytes(to))
			return seq;
		forget(from, seq, seq + 1);
		upto = end_of(from, seq);
	}
	ring_object_punch(from, 0, size);
	return head + 1;
}

/* Pages for the next frame, where there are some to be had: else it goes to the ring's beginning. */
static void reach(struct ring_writer *to, uint32_t length)
{
	const struct ring_layout *layout = &to->object.layout;
	uint64_t at = to->next_pos % layout->data_bytes;

	while (at + length > atomic_load(&to->object.header->usable) &&
	       atomic_load(&to->object.header->usable) < layout->data_bytes)
		if (ring_pages_allocate_next(to->object.fd, to->object.header, layout) != 0)
			return;
}

static void carry_words(struct ring_writer *to, const struct ring_reader *reader)
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
	uint64_t head = ring_reader_head(reader), begun = first, upto = 0, gone = 0;
	struct ring_frame frame;

	carry_words(to, reader);
	for (uint64_t seq = first; seq <= head; seq++) {
		if (!ring_reader_get(reader, seq, &frame))
			continue;
		gone = gone ? gone : frame.pos;
		reach(to, frame.meta.length);
		struct iovec part = {(void *)(uintptr_t)frame.data, frame.meta.length};
		ring_writer_put(to, &frame.meta, &part, 1);
		upto = frame.pos + frame.meta.length;
		/* The newest one stays: without it a crash in the middle would leave nothing that is believed. */
		if (upto - gone < PIECE_BYTES || seq == head)
			continue;
		forget(from, begun, seq + 1);
		ring_object_punch(from, gone, upto);
		begun = seq + 1;
		gone = upto;
	}
	ring_reader_close(reader);
}
