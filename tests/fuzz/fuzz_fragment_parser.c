/*
 * fuzz_fragment_parser.c - the output of the encoder.
 *
 * The fragments do not depend on the pieces in which the stream arrives. Each is a moof followed directly by one frame,
 * which ends where the fragment ends. Input: the stream.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "recorderd/ffmpeg/fragment_parser.h"
#include "shared/base/crc32c.h"

struct taken {
	size_t count;
	uint32_t crc;
};

static void take(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
		 const struct mp4_fragment *fragment)
{
	struct taken *taken = context;

	holds(moof_bytes >= 8 && moof_bytes < total_bytes);
	holds(fragment->data_offset > moof_bytes && fragment->data_offset + fragment->size == total_bytes);
	holds(fragment->sequence_at + 4 <= moof_bytes && fragment->decode_time_at + 4 <= moof_bytes);
	taken->crc = crc32c(taken->crc, data, total_bytes);
	taken->count++;
	/* The recorder does this too; it must not change what comes after. */
	mp4_rewrite_fragment(data, fragment, (uint32_t)taken->count, taken->count * 1000);
}

static void check_init(const struct fragment_parser *stream)
{
	if (!stream->started)
		return;
	holds(stream->track.entry >= stream->init.data);
	holds(stream->track.entry + stream->track.entry_bytes <= stream->init.data + stream->init.length);
	holds(crc32c(0, stream->track.entry, stream->track.entry_bytes) != 1);
}

/* Pieces of `piece` bytes, or of growing ones for 0. */
static bool push_all(const uint8_t *data, size_t size, size_t piece, struct taken *taken)
{
	struct fragment_parser stream = {0};
	struct reason why = {""};
	bool good = true;

	for (size_t at = 0, count = 1; good && at < size; at += count) {
		count = piece ? piece : count * 2 - 1 + at % 3;
		count = count < size - at ? count : size - at;
		uint8_t *room = fragment_parser_reserve(&stream, count);
		holds(room);
		memcpy(room, data + at, count);
		good = fragment_parser_push(&stream, count, take, taken, &why);
		holds(good || why.text[0] != '\0');
		check_init(&stream);
	}
	fragment_parser_free(&stream);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct taken whole = {0}, growing = {0}, small = {0};

	bool good = push_all(data, size, size ? size : 1, &whole);
	holds(push_all(data, size, 0, &growing) == good);
	holds(push_all(data, size, 61, &small) == good);
	holds(whole.count == growing.count && whole.crc == growing.crc);
	holds(whole.count == small.count && whole.crc == small.crc);
	return 0;
}
