/*
 * ring_layout.h - the layout of a ring's object, which writer and readers share (ring.h), and copying from and to
 * memory that the other side may be changing.
 */
#ifndef SHARED_RING_RING_LAYOUT_H
#define SHARED_RING_RING_LAYOUT_H

#include <stdbool.h>
#include <string.h>

#include "shared/base/reason.h"
#include "shared/base/sanitizer.h"
#include "shared/ring/ring.h"

/* Positions never wrap around. A ring with a larger one is invalid (73 years at 2 GB/s). */
#define RING_POSITION_MAX (UINT64_C(1) << 62)

struct ring_layout {
	uint64_t index_entries;
	uint64_t data_offset; /* a multiple of 4096 */
	uint64_t data_bytes;
	uint64_t total_bytes;
};

/* The layout for these sizes; false if one of them is zero or absurdly large. */
bool ring_layout_init(uint64_t index_entries, uint64_t data_bytes, struct ring_layout *out);

/*
 * Reads the layout from a header and checks it against the size of the object. Use only the result to access the
 * object: the header itself can change at any time. Returns false and sets *why.
 */
bool ring_layout_read(const void *memory, uint64_t bytes, struct ring_layout *out, struct reason *why);

/*
 * Copies an object of that size, except for the bytes of its frames, which are zeros in the copy. The caller unmaps the
 * copy, with the same size. Whoever may write to an object can truncate it at any moment, which is a SIGBUS for a
 * process that maps it, but only a short read here. Returns NULL and sets *why.
 */
void *ring_layout_copy_object(int fd, uint64_t bytes, struct reason *why);

/* Whether a frame can have that position and length in such a ring. */
static inline bool ring_layout_fits(const struct ring_layout *layout, uint64_t pos, uint32_t length)
{
	return length > 0 && length <= layout->data_bytes / 4 && pos < RING_POSITION_MAX &&
	       pos % layout->data_bytes + length <= layout->data_bytes;
}

/* Whether the byte at `pos` has not been overwritten yet. */
static inline bool ring_layout_is_intact(const struct ring_layout *layout, uint64_t pos, uint64_t reserve)
{
	return reserve > pos && reserve - pos <= layout->data_bytes;
}

/*
 * ThreadSanitizer does not understand fences. In its build a compiler barrier replaces them (x86 keeps the order of
 * loads and the order of stores), and bytes are copied as relaxed atomics, so that it reports every access that the
 * rules of ring.h do not cover.
 */
#if THREAD_SANITIZER
#define ring_fence(order) atomic_signal_fence(order)
#else
#define ring_fence(order) atomic_thread_fence(order)
#endif

/* Frame bytes into the ring, and out of it. */
static inline void ring_copy_in(uint8_t *ring, const uint8_t *from, size_t length)
{
#if THREAD_SANITIZER
	for (size_t i = 0; i < length; i++)
		__atomic_store_n(ring + i, from[i], __ATOMIC_RELAXED);
#else
	memcpy(ring, from, length);
#endif
}

static inline void ring_copy_out(uint8_t *to, const uint8_t *ring, size_t length)
{
#if THREAD_SANITIZER
	for (size_t i = 0; i < length; i++)
		to[i] = __atomic_load_n(ring + i, __ATOMIC_RELAXED);
#else
	memcpy(to, ring, length);
#endif
}

/* Entries and the state, word by word in every build. `bytes` is a multiple of 8, and `ring` is aligned to 8. */
static inline void ring_words_in(void *ring, const void *from, size_t bytes)
{
	uint64_t *words = ring;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
		uint64_t word;

		memcpy(&word, (const uint8_t *)from + i * sizeof(word), sizeof(word));
		__atomic_store_n(words + i, word, __ATOMIC_RELAXED);
	}
}

static inline void ring_words_out(void *to, const void *ring, size_t bytes)
{
	const uint64_t *words = ring;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++) {
		uint64_t word = __atomic_load_n(words + i, __ATOMIC_RELAXED);
		memcpy((uint8_t *)to + i * sizeof(word), &word, sizeof(word));
	}
}

#endif
