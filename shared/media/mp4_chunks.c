/* mp4_chunks.c - the tables stsc and stco or co64 of a moov. */
#include "shared/media/mp4_chunks.h"

#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"

#define STSC_ENTRY_BYTES 12u

static size_t offset_bytes(const struct mp4_chunks *chunks)
{
	return chunks->wide ? 8 : 4;
}

static size_t tables_bytes(const struct mp4_chunks *chunks)
{
	return chunks->count * offset_bytes(chunks) + chunks->runs * STSC_ENTRY_BYTES;
}

/* Whether a sample directly follows the one before it. */
static bool follows(const struct mp4_sample *samples, size_t i)
{
	return samples[i - 1].offset + samples[i - 1].size == samples[i].offset;
}

struct chunk {
	size_t first, length; /* samples */
};

/* Moves on to the next chunk. Begins with {0}, and returns false after the last one. */
static bool chunk_next(const struct mp4_sample *samples, const struct mp4_chunks *chunks, struct chunk *chunk)
{
	size_t end = chunk->first += chunk->length;

	if (end == chunks->samples)
		return false;
	do
		end++;
	while (chunks->joined && end < chunks->samples && follows(samples, end));
	chunk->length = end - chunk->first;
	return true;
}

struct mp4_chunks mp4_chunks_choose(const struct mp4_sample *samples, size_t count, uint64_t highest)
{
	bool wide = highest > UINT32_MAX;
	struct mp4_chunks single = {.samples = count, .wide = wide, .count = count, .runs = 1};
	struct mp4_chunks joined = {.samples = count, .wide = wide, .joined = true, .count = 1};
	struct chunk chunk = {0};

	for (size_t i = 1; i < count; i++)
		joined.count += !follows(samples, i);
	if (joined.count == count)
		return single;
	for (size_t before = 0; chunk_next(samples, &joined, &chunk); before = chunk.length)
		joined.runs += chunk.length != before;
	return tables_bytes(&joined) < tables_bytes(&single) ? joined : single;
}

/* Samples per chunk, run-length coded. All have the one sample entry. */
void mp4_put_stsc(struct buffer *out, const struct mp4_sample *samples, const struct mp4_chunks *chunks)
{
	size_t stsc = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'c'), 0), left = chunks->runs, before = 0;
	struct chunk chunk = {0};

	buffer_u32(out, (uint32_t)chunks->runs);
	for (uint32_t number = 1; left > 0 && chunk_next(samples, chunks, &chunk); number++) {
		if (chunk.length != before) {
			buffer_u32(out, number);
			buffer_u32(out, (uint32_t)chunk.length);
			buffer_u32(out, 1);
			left--;
		}
		before = chunk.length;
	}
	mp4_box_end(out, stsc);
}

void mp4_put_offsets(struct buffer *out, const struct mp4_chunks *chunks)
{
	uint32_t type = chunks->wide ? MP4_TYPE('c', 'o', '6', '4') : MP4_TYPE('s', 't', 'c', 'o');
	size_t box = mp4_full_box_begin(out, type, 0), bytes = chunks->count * offset_bytes(chunks);

	buffer_u32(out, (uint32_t)chunks->count);
	if (buffer_reserve(out, bytes))
		out->length += bytes;
	mp4_box_end(out, box);
}

void mp4_chunks_place(const struct mp4_sample *samples, const struct mp4_chunks *chunks, uint64_t payload_at,
		      uint8_t *end)
{
	uint8_t *at = end - chunks->count * offset_bytes(chunks);

	for (size_t i = 0; i < chunks->samples; i++) {
		if (chunks->joined && i > 0 && follows(samples, i))
			continue;
		if (chunks->wide)
			be64_put(at, payload_at + samples[i].offset);
		else
			be32_put(at, (uint32_t)(payload_at + samples[i].offset));
		at += offset_bytes(chunks);
	}
}
