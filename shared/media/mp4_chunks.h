/* mp4_chunks.h - the tables of a moov that say where its samples are: stsc and stco or co64 (ISO/IEC 14496-12, 8.7). */
#ifndef SHARED_MEDIA_MP4_CHUNKS_H
#define SHARED_MEDIA_MP4_CHUNKS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"

/*
 * A sample is kept in 16 bytes until the moov is written, because the offsets in it depend on its length. Times are in
 * ticks of MP4_CLIP_TIMESCALE; the few that do not fit in 32 bits are kept elsewhere (mp4_moov.c).
 */
struct mp4_sample {
	uint64_t offset : 63, key : 1;
	uint32_t size;
	uint32_t ticks; /* since the previous sample */
};

static_assert(sizeof(struct mp4_sample) == 16, "mp4_sample");

/* How the samples are divided into chunks. */
struct mp4_chunks {
	size_t samples;
	bool joined; /* samples that lie together in the payload are one chunk; else every sample is a chunk */
	bool wide;   /* offsets have 64 bits: co64 */
	size_t count;
	size_t runs; /* of chunks with equally many samples: entries of stsc */
};

/* Chooses the smaller tables. No offset in the file is higher than `highest`. */
struct mp4_chunks mp4_chunks_choose(const struct mp4_sample *samples, size_t count, uint64_t highest);

/* They append a table. The buffer is marked `failed` if memory is short. mp4_chunks_place() fills in the offsets. */
void mp4_put_stsc(struct buffer *out, const struct mp4_sample *samples, const struct mp4_chunks *chunks);
void mp4_put_offsets(struct buffer *out, const struct mp4_chunks *chunks);

/* Fills in the offsets, which end at `end`. `payload_at` is the file offset of the samples' offset 0. */
void mp4_chunks_place(const struct mp4_sample *samples, const struct mp4_chunks *chunks, uint64_t payload_at,
		      uint8_t *end);

#endif
