/* sample_table.h - reads where a moov says that its samples are (ISO/IEC 14496-12, 8.7). */
#ifndef TESTS_UNIT_SUPPORT_SAMPLE_TABLE_H
#define TESTS_UNIT_SUPPORT_SAMPLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "shared/base/big_endian.h"
#include "shared/media/mp4_box.h"

struct sample_place {
	uint64_t offset;
	uint32_t size;
};

/* A table: `count` entries. */
struct sample_box {
	const uint8_t *entries;
	uint32_t count;
};

/* `data` begins with a box. Finds the table of that type, which has `fields` bytes before its count. */
static inline bool sample_box_find(const uint8_t *data, size_t length, uint32_t type, uint32_t fields,
				   uint32_t entry_bytes, struct sample_box *out)
{
	static const uint32_t parents[] = {MP4_TYPE('m', 'o', 'o', 'v'), MP4_TYPE('t', 'r', 'a', 'k'),
					   MP4_TYPE('m', 'd', 'i', 'a'), MP4_TYPE('m', 'i', 'n', 'f'),
					   MP4_TYPE('s', 't', 'b', 'l')};
	struct mp4_box box;
	size_t at = 0, depth = 0;

	while (mp4_box_header(data, length, at, &box) == MP4_OK && box.size <= length - at) {
		if (depth == 5 && box.type == type) {
			const uint8_t *count = data + at + 12 + fields;
			*out = (struct sample_box){count + 4, be32_get(count)};
			return out->count > 0 && 16 + fields + (uint64_t)out->count * entry_bytes == box.size;
		}
		bool parent = depth < 5 && box.type == parents[depth];
		depth += parent;
		at += parent ? box.header_bytes : (size_t)box.size;
	}
	return false;
}

/* `head` is a clip up to the end of its moov, or more. Returns NULL unless its tables agree; the caller frees them. */
static inline struct sample_place *sample_places(const uint8_t *head, size_t length, uint32_t *count)
{
	struct sample_box sizes, runs, offsets;
	bool narrow = sample_box_find(head, length, MP4_TYPE('s', 't', 'c', 'o'), 0, 4, &offsets);
	uint32_t sample = 0, run = 0;

	if ((!narrow && !sample_box_find(head, length, MP4_TYPE('c', 'o', '6', '4'), 0, 8, &offsets)) ||
	    !sample_box_find(head, length, MP4_TYPE('s', 't', 's', 'z'), 4, 4, &sizes) ||
	    !sample_box_find(head, length, MP4_TYPE('s', 't', 's', 'c'), 0, 12, &runs))
		return NULL;
	struct sample_place *places = calloc(sizes.count, sizeof(*places));
	for (uint32_t chunk = 0; places && chunk < offsets.count; chunk++) {
		uint64_t next = narrow ? be32_get(offsets.entries + chunk * 4) : be64_get(offsets.entries + chunk * 8);
		run += run + 1 < runs.count && be32_get(runs.entries + (run + 1) * 12) == chunk + 1;
		for (uint32_t left = be32_get(runs.entries + run * 12 + 4); left > 0 && sample < sizes.count; left--) {
			places[sample] = (struct sample_place){next, be32_get(sizes.entries + sample * 4)};
			next += places[sample++].size;
		}
	}
	if (sample == sizes.count && run + 1 == runs.count) {
		*count = sample;
		return places;
	}
	free(places);
	return NULL;
}

#endif
