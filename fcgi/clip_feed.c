/*
 * clip_feed.c - frames for FFmpeg: see clip_feed.h.
 */
#include "fcgi/clip_feed.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/read_at.h"
#include "shared/segment.h"

#define IVF_HEADER_BYTES 32
#define IVF_FRAME_BYTES  12
#define COPY_BYTES       (256u << 10)
#define RECORDS_A_READ   128u

bool feed_is_jpeg(uint32_t codec)
{
	return codec != MP4_TYPE('a', 'v', 'c', '1');
}

static bool frame_room(struct feed *feed, size_t bytes)
{
	if (bytes <= feed->frame_room)
		return true;
	uint8_t *grown = realloc(feed->frame, bytes);
	if (!grown)
		return false;
	feed->frame = grown;
	feed->frame_room = bytes;
	return true;
}

/* The next frame that the ring still has, in feed->frame; false at the end. */
static bool ring_next(struct feed *feed, struct ring_meta *meta)
{
	struct ring_frame frame;

	while (feed->next_seq <= feed->part->last_seq) {
		uint64_t seq = feed->next_seq++;
		if (!ring_reader_get(feed->ring, seq, &frame) || !frame_room(feed, frame.meta.length))
			continue;
		if (ring_reader_copy(feed->ring, &frame, feed->frame)) {
			*meta = frame.meta;
			return true;
		}
	}
	return false;
}

bool feed_open(struct feed *feed, const struct encode_part *part, const struct ring_reader *ring)
{
	struct ring_meta meta;

	*feed = (struct feed){.part = part, .ring = ring, .form = FEED_IVF, .next_seq = part->first_seq};
	if (part->stretch) {
		feed->first_wall_us = part->stretch->head.wall_us;
		if (!feed_is_jpeg(part->stretch->segment.entry.codec))
			feed->form = FEED_FRAGMENTS;
		return true;
	}
	if (!ring || !ring_next(feed, &meta))
		return false;
	feed->first_wall_us = meta.wall_us;
	feed->next_seq--;
	return true;
}

void feed_close(struct feed *feed)
{
	free(feed->frame);
	*feed = (struct feed){0};
}

static void put_le(uint8_t *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

static bool ivf_begin(const struct encode_part *part, const struct child_program *ffmpeg)
{
	uint8_t header[IVF_HEADER_BYTES] = "DKIF\0\0\x20\0MJPG";

	put_le(header + 12, part->width, 2);
	put_le(header + 14, part->height, 2);
	put_le(header + 16, US_PER_S, 4);
	put_le(header + 20, 1, 4);
	return child_program_feed(ffmpeg, header, sizeof(header));
}

static bool ivf_frame(const struct child_program *ffmpeg, int64_t wall_us, const uint8_t *data, size_t length)
{
	uint8_t header[IVF_FRAME_BYTES];

	put_le(header, length, 4);
	put_le(header + 4, (uint64_t)wall_us, 8);
	return child_program_feed(ffmpeg, header, sizeof(header)) && child_program_feed(ffmpeg, data, length);
}

static bool feed_ring(struct feed *feed, const struct child_program *ffmpeg)
{
	struct ring_meta meta;

	while (ring_next(feed, &meta))
		if (!ivf_frame(ffmpeg, meta.wall_us, feed->frame, meta.length))
			return false;
	return true;
}

static bool feed_record(struct feed *feed, const struct index_record *record, const struct child_program *ffmpeg)
{
	int fd = feed->part->stretch->segment.fd;

	return frame_room(feed, record->size) &&
	       read_at(fd, feed->frame, record->size, record->offset) == (ssize_t)record->size &&
	       ivf_frame(ffmpeg, record->wall_us, feed->frame, record->size);
}

static bool feed_jpegs(struct feed *feed, const struct child_program *ffmpeg)
{
	const struct clip_stretch *stretch = feed->part->stretch;
	struct index_record records[RECORDS_A_READ];
	uint64_t next = stretch->first;

	while (next < stretch->end) {
		size_t wanted = stretch->end - next < RECORDS_A_READ ? (size_t)(stretch->end - next) : RECORDS_A_READ;
		if (clip_segment_read(&stretch->segment, next, wanted, records) != wanted)
			return false;
		for (size_t i = 0; i < wanted; i++)
			if (!feed_record(feed, &records[i], ffmpeg))
				return false;
		next += wanted;
	}
	return true;
}

static bool feed_bytes(int fd, uint64_t at, uint64_t end, const struct child_program *ffmpeg)
{
	uint8_t *copy = malloc(COPY_BYTES);
	bool good = copy;

	while (good && at < end) {
		size_t wanted = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		ssize_t got = read_at(fd, copy, wanted, at);
		good = got > 0 && child_program_feed(ffmpeg, copy, (size_t)got);
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(copy);
	return good;
}

bool feed_fragment_at(const struct clip_segment *segment, uint64_t number, uint64_t *at)
{
	struct segment_layout layout = {0};
	struct index_record before;

	if (number > 0) {
		if (clip_segment_read(segment, number - 1, 1, &before) != 1)
			return false;
		*at = before.offset + before.size;
		return true;
	}
	bool good = segment_read_layout(segment->fd, &layout) == SEGMENT_GOOD;
	*at = layout.fragments_at;
	segment_layout_finish(&layout);
	return good;
}

bool feed_fragments(const struct clip_segment *segment, uint64_t first, uint64_t end,
		    const struct child_program *ffmpeg)
{
	struct segment_layout layout = {0};
	struct mp4_box ftyp;
	uint64_t from, to;
	bool good = segment_read_layout(segment->fd, &layout) == SEGMENT_GOOD &&
		    mp4_box_header(layout.head.data, layout.head.length, 0, &ftyp) == MP4_OK &&
		    feed_fragment_at(segment, first, &from) && feed_fragment_at(segment, end, &to);

	good = good && child_program_feed(ffmpeg, layout.head.data, (size_t)ftyp.size) &&
	       child_program_feed(ffmpeg, layout.head.data + layout.media_at,
				  layout.head.length - (size_t)layout.media_at) &&
	       feed_bytes(segment->fd, from, to, ffmpeg);
	segment_layout_finish(&layout);
	return good;
}

bool feed_run(struct feed *feed, const struct child_program *ffmpeg)
{
	struct clip_stretch *stretch = feed->part->stretch;

	if (stretch && !clip_segment_reopen(&stretch->segment))
		return false;

	if (feed->form == FEED_FRAGMENTS)
		return feed_fragments(&stretch->segment, stretch->first, stretch->end, ffmpeg);
	if (!ivf_begin(feed->part, ffmpeg))
		return false;
	return stretch ? feed_jpegs(feed, ffmpeg) : feed_ring(feed, ffmpeg);
}
