/* ring_writer.c - puts frames and published state into the ring. */
#include "recorderd/ring/ring_writer_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_locked(_Atomic uint64_t *lock, uint8_t *shared, const void *from, size_t bytes)
{
	uint64_t odd = atomic_load_explicit(lock, memory_order_relaxed) | 1;
	atomic_store_explicit(lock, odd, memory_order_relaxed);
	ring_fence(memory_order_seq_cst);
	ring_words_in(shared, from, bytes);
	atomic_store_explicit(lock, odd + 1, memory_order_release);
}

bool ring_writer_has_name(const struct ring_writer *writer)
{
	return ring_object_has_name(writer->object.fd, writer->name);
}

const char *ring_writer_name_warning(const struct ring_writer *writer)
{
	return writer->name_warning.text;
}

bool ring_writer_is_short(const struct ring_writer *writer)
{
	return atomic_load(&writer->pages.out_of_room);
}

static void close_object(struct ring_writer *writer, void (*remove)(struct ring_object *, const char *))
{
	if (!writer)
		return;
	ring_pages_stop(&writer->pages);
	remove(&writer->object, writer->name);
	if (strcmp(writer->name, writer->usual_name) != 0)
		shm_name_withdraw(writer->usual_name);
	ring_writer_detach(writer);
}

void ring_writer_close(struct ring_writer *writer)
{
	close_object(writer, ring_object_remove);
}

void ring_writer_empty(struct ring_writer *writer)
{
	close_object(writer, ring_object_empty);
}

void ring_writer_retire(struct ring_writer *writer)
{
	close_object(writer, ring_object_retire);
}

void ring_writer_detach(struct ring_writer *writer)
{
	if (!writer)
		return;
	ring_pages_stop(&writer->pages);
	ring_object_close(&writer->object);
	free(writer);
}

/* Moves the tail to the oldest frame that is in the index, young enough, and not overwritten. */
static void advance_tail(struct ring_writer *writer, uint64_t head, int64_t newest_mono_us)
{
	const struct ring_layout *layout = &writer->object.layout;
	uint64_t reserve = writer->next_pos;
	uint64_t tail = atomic_load_explicit(&writer->object.header->tail, memory_order_relaxed);
	if (head > layout->index_entries && tail <= head - layout->index_entries)
		tail = head - layout->index_entries + 1;
	while (tail < head) {
		const struct ring_entry *entry = &writer->entries[tail % layout->index_entries];
		if (ring_layout_is_intact(layout, entry->pos, reserve) &&
		    newest_mono_us - entry->meta.mono_us <= writer->keep_us)
			break;
		tail++;
	}
	atomic_store_explicit(&writer->object.header->tail, tail, memory_order_release);
}

/* Bytes of the data that may be written (ring.h, `usable`). */
static uint64_t usable_bytes(const struct ring_writer *writer)
{
	return atomic_load_explicit(&writer->object.header->usable, memory_order_acquire);
}

/* The position of a frame of that length. Frames are contiguous: one that does not fit at the end goes to the start. */
static uint64_t next_position(const struct ring_writer *writer, uint64_t length)
{
	uint64_t pos = writer->next_pos, size = writer->object.layout.data_bytes;
	return pos % size + length <= usable_bytes(writer) ? pos : (pos / size + 1) * size;
}

uint64_t ring_writer_put(struct ring_writer *writer, struct ring_meta *meta, const struct iovec *parts, int count)
{
	uint64_t length = 0;
	for (int i = 0; i < count; i++)
		length += parts[i].iov_len;
	if (length == 0 || length > usable_bytes(writer) / 4 || length > UINT32_MAX)
		return 0;
	meta->length = (uint32_t)length;

	struct ring_header *header = writer->object.header;
	uint64_t seq = atomic_load_explicit(&header->head, memory_order_relaxed) + 1;
	struct ring_entry *entry = &writer->entries[seq % writer->object.layout.index_entries];
	uint64_t pos = next_position(writer, length);

	atomic_store_explicit(&header->reserve, pos + length, memory_order_relaxed);
	atomic_store_explicit(&entry->seq, 0, memory_order_relaxed);
	ring_fence(memory_order_seq_cst);

	uint8_t *to = writer->data + pos % writer->object.layout.data_bytes;
	for (int i = 0; i < count; i++) {
		ring_copy_in(to, parts[i].iov_base, parts[i].iov_len);
		to += parts[i].iov_len;
	}
	ring_words_in(&entry->pos, &pos, sizeof(pos));
	ring_words_in(&entry->meta, meta, sizeof(*meta));
	atomic_store_explicit(&entry->seq, seq, memory_order_release);

	writer->next_pos = pos + length;
	atomic_store_explicit(&header->head, seq, memory_order_release);
	atomic_store_explicit(&header->write_pos, writer->next_pos, memory_order_relaxed);
	advance_tail(writer, seq, meta->mono_us);
	ring_object_wake(header);
	return seq;
}

void ring_writer_set_state(struct ring_writer *writer, const struct recorder_state *state)
{
	write_locked(&writer->object.header->state_lock, writer->object.header->state, state, sizeof(*state));
	/* So that even a user who may not read the ring sees that it has a writer (recorderd/ring/leftovers.c). */
	(void)futimens(writer->object.fd, NULL);
}

void ring_writer_set_devices(struct ring_writer *writer, const char *json)
{
	static char text[RING_DEVICES_BYTES];
	memset(text, 0, sizeof(text));
	size_t length = strlen(json);
	if (length < sizeof(text))
		memcpy(text, json, length);
	write_locked(&writer->object.header->devices_lock, writer->object.header->devices, text, sizeof(text));
}

const void *ring_writer_memory(const struct ring_writer *writer, uint64_t *bytes)
{
	*bytes = writer->object.layout.total_bytes;
	return writer->object.header;
}
