/* mp4_chunks.c - the tables stsc and stco or co64 of a moov. */
#include "shared/media/mp4_chunks.h"

#include <stdlib.h>

#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"

void mp4_chunks_free(struct mp4_chunks *chunks)
{
	free(chunks->offsets);
	free(chunks->runs);
	*chunks = (struct mp4_chunks){0};
}

static bool offsets_grow(struct mp4_chunks *chunks)
{
	size_t capacity = chunks->capacity ? chunks->capacity * 2 : 1024;
	uint64_t *grown = reallocarray(chunks->offsets, capacity, sizeof(*grown));

	if (!grown)
		return false;
	chunks->offsets = grown;
	chunks->capacity = capacity;
	return true;
}

static bool runs_grow(struct mp4_chunks *chunks)
{
	size_t capacity = chunks->run_capacity ? chunks->run_capacity * 2 : 16;
	struct mp4_chunk_run *grown = reallocarray(chunks->runs, capacity, sizeof(*grown));

	if (!grown)
		return false;
	chunks->runs = grown;
	chunks->run_capacity = capacity;
	return true;
}

void mp4_chunks_end(struct mp4_chunks *chunks)
{
	bool same = chunks->run_count > 0 && chunks->runs[chunks->run_count - 1].samples == chunks->samples;

	if (chunks->samples == 0)
		return;
	if (!same && chunks->run_count == chunks->run_capacity && !runs_grow(chunks))
		chunks->failed = true;
	else if (!same)
		chunks->runs[chunks->run_count++] = (struct mp4_chunk_run){(uint32_t)chunks->count, chunks->samples};
	chunks->samples = 0;
}

void mp4_chunks_begin(struct mp4_chunks *chunks, uint64_t offset)
{
	mp4_chunks_end(chunks);
	if (offset > chunks->highest)
		chunks->highest = offset;
	if (chunks->count == chunks->capacity && !offsets_grow(chunks))
		chunks->failed = true;
	else
		chunks->offsets[chunks->count++] = offset;
}

/* Samples per chunk, run-length coded. All have the one sample entry. */
void mp4_put_stsc(struct buffer *out, const struct mp4_chunks *chunks)
{
	size_t stsc = mp4_full_box_begin(out, MP4_TYPE('s', 't', 's', 'c'), 0);

	buffer_u32(out, (uint32_t)chunks->run_count);
	for (size_t i = 0; i < chunks->run_count; i++) {
		buffer_u32(out, chunks->runs[i].first);
		buffer_u32(out, chunks->runs[i].samples);
		buffer_u32(out, 1);
	}
	mp4_box_end(out, stsc);
}

void mp4_put_offsets(struct buffer *out, const struct mp4_chunks *chunks, bool wide)
{
	uint32_t type = wide ? MP4_TYPE('c', 'o', '6', '4') : MP4_TYPE('s', 't', 'c', 'o');
	size_t box = mp4_full_box_begin(out, type, 0), bytes = chunks->count * (wide ? 8 : 4);

	buffer_u32(out, (uint32_t)chunks->count);
	if (buffer_reserve(out, bytes))
		out->length += bytes;
	mp4_box_end(out, box);
}

void mp4_chunks_place(const struct mp4_chunks *chunks, bool wide, uint64_t payload_at, uint8_t *end)
{
	uint8_t *at = end - chunks->count * (wide ? 8 : 4);

	for (size_t i = 0; i < chunks->count; i++) {
		if (wide)
			be64_put(at + i * 8, payload_at + chunks->offsets[i]);
		else
			be32_put(at + i * 4, (uint32_t)(payload_at + chunks->offsets[i]));
	}
}
