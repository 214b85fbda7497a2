/*
 * mp4_chunks.h - the tables of a moov that say where its samples are: stsc and stco or co64 (ISO/IEC 14496-12, 8.7).
 *
 * Samples that lie together in the payload share a chunk, and so an offset. A chunk has at most MP4_CHUNK_SAMPLES: a
 * second or two of video, since some players read whole chunks.
 */
#ifndef SHARED_MEDIA_MP4_CHUNKS_H
#define SHARED_MEDIA_MP4_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define MP4_CHUNK_SAMPLES 64u

/* A run of chunks with equally many samples: an entry of stsc. */
struct mp4_chunk_run {
	uint32_t first; /* number of the first chunk, from 1 */
	uint32_t samples;
};

/* A zeroed one is empty. Offsets are kept in 64 bits until the length of the moov is known. */
struct mp4_chunks {
	uint64_t *offsets; /* of each chunk in the payload */
	size_t count, capacity;
	struct mp4_chunk_run *runs;
	size_t run_count, run_capacity;
	uint32_t samples; /* of the last chunk so far */
	uint64_t next;    /* where the last sample ends */
	uint64_t highest; /* offset of a chunk */
	bool failed;      /* memory was short */
};

void mp4_chunks_free(struct mp4_chunks *chunks);

/* Begins a chunk. */
void mp4_chunks_begin(struct mp4_chunks *chunks, uint64_t offset);

/* Adds a sample: `size` bytes at `offset` of the payload. */
static inline void mp4_chunks_add(struct mp4_chunks *chunks, uint64_t offset, uint32_t size)
{
	if (chunks->samples == 0 || offset != chunks->next || chunks->samples == MP4_CHUNK_SAMPLES)
		mp4_chunks_begin(chunks, offset);
	chunks->next = offset + size;
	chunks->samples++;
}

/* Ends the last chunk. Nothing can be added then. */
void mp4_chunks_end(struct mp4_chunks *chunks);

/* They append a table. The buffer is marked `failed` if memory is short. mp4_chunks_place() fills in the offsets. */
void mp4_put_stsc(struct buffer *out, const struct mp4_chunks *chunks);
void mp4_put_offsets(struct buffer *out, const struct mp4_chunks *chunks, bool wide);

/* Fills in the offsets, which end at `end`. `payload_at` is the file offset of the payload. */
void mp4_chunks_place(const struct mp4_chunks *chunks, bool wide, uint64_t payload_at, uint8_t *end);

#endif
