/*
 * fuzz_live_video.c - a record of the video ring.
 *
 * What is made of it for viewers is a whole number of FastCGI records with the same bytes, except for the numbers and
 * times that are rewritten, after a prft box if it is a key frame. Input: the bytes of the record after its magic
 * number.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi/video/video_frame.h"

static void check_chunk(const struct video_chunk *chunk, size_t payload_bytes)
{
	size_t at = 0, found = 0;

	holds(chunk->payload_bytes == payload_bytes);
	while (at < chunk->wire_bytes) {
		size_t length = (size_t)chunk->wire[at + 4] << 8 | chunk->wire[at + 5];
		holds(length > 0 && chunk->wire[at] == 1 && chunk->wire[at + 1] == 6);
		at += 8 + length;
		found += length;
	}
	holds(at == chunk->wire_bytes && found == payload_bytes);
}

static void check_frame(const struct video_parts *parts, struct video_init *init)
{
	const struct ring_meta meta = {.wall_us = 1792393405000000, .mono_us = 5000000};
	const struct video_frame_spec spec = {.init = init, .serial = 7, .time_us = 123456789};
	struct video_frame *frame = video_frame_create(parts, &meta, &spec);

	if (!frame)
		return;
	holds(frame->key == (parts->init != NULL));
	check_chunk(frame->chunk, parts->fragment_bytes + (frame->key ? 32 : 0));
	struct video_chunk *lasting = video_frame_lasting(frame);
	holds(lasting);
	check_chunk(lasting, frame->chunk->payload_bytes);
	video_frame_unref(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t magic = VIDEO_RECORD_MAGIC;
	static struct video_init none = {.refs = 1};
	struct video_parts parts;
	uint8_t *record = malloc(size + 4);

	holds(record);
	memcpy(record, &magic, 4);
	memcpy(record + 4, data, size);
	if (video_record_split(record, size + 4, &parts)) {
		struct video_init *init = video_init_create(&parts);

		holds(!init || (parts.init && strlen(init->codecs) == 11 && init->width > 0));
		if (init)
			check_chunk(init->chunk, parts.record.init_bytes);
		check_frame(&parts, init ? init : &none);
		video_init_unref(init);
	}
	free(record);
	return 0;
}
