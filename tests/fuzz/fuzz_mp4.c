/*
 * fuzz_mp4.c - moov and moof boxes.
 *
 * Everything that is reported is within the box. A rewritten fragment reads as what was written, and everything else is
 * unchanged. Input: the box.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/media/mp4_box.h"

static void check_header(const uint8_t *data, size_t size)
{
	struct mp4_box box;

	for (size_t at = 0; at <= size + 1; at += 1 + at / 4) {
		enum mp4_outcome outcome = mp4_box_header(data, size, at, &box);
		if (outcome != MP4_OK)
			continue;
		holds(box.at == at && at + box.header_bytes <= size && box.size >= box.header_bytes);
	}
}

static void check_init(const uint8_t *data, size_t size)
{
	struct mp4_init init;

	if (!mp4_parse_init(data, size, &init))
		return;
	holds(init.timescale > 0 && init.width > 0 && init.height > 0);
	holds(init.entry_bytes >= 8 && init.entry_bytes <= MP4_ENTRY_MAX);
	holds(init.entry > data && init.entry + init.entry_bytes <= data + size);
}

static void check_rewrite(uint8_t *data, size_t size, const struct mp4_fragment *before, uint64_t decode_time)
{
	struct mp4_fragment after;
	uint32_t sequence;

	if (!mp4_rewrite_fragment(data, before, 7, decode_time)) {
		holds(!before->decode_time_is_64 && decode_time > UINT32_MAX);
		return;
	}
	memcpy(&sequence, data + before->sequence_at, sizeof(sequence));
	holds(sequence == __builtin_bswap32(7));
	holds(mp4_parse_fragment(data, size, &after) && after.decode_time == decode_time);
	holds(after.duration == before->duration && after.size == before->size && after.key == before->key);
	holds(after.data_offset == before->data_offset && after.duration_at == before->duration_at);
}

static void check_fragment(uint8_t *data, size_t size)
{
	struct mp4_fragment fragment;

	if (!mp4_parse_fragment(data, size, &fragment))
		return;
	size_t time_bytes = fragment.decode_time_is_64 ? 8 : 4;
	holds(fragment.sequence_at + 4 <= size && fragment.decode_time_at + time_bytes <= size);
	holds(fragment.duration_at + 4 <= size);
	check_rewrite(data, size, &fragment, 123456);
	check_rewrite(data, size, &fragment, UINT64_C(1) << 40);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = input_copy(data, size);

	check_header(copy, size);
	check_init(copy, size);
	check_fragment(copy, size);
	free(copy);
	return 0;
}
