/*
 * transcode_input.c - frames for FFmpeg: see transcode_input.h.
 */
#include "fcgi/transcode/transcode_input.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/media/ivf.h"
#include "shared/segment/segment.h"

#define COPY_BYTES     (256u << 10)
#define RECORDS_A_READ 128u

bool transcode_input_is_jpeg(uint32_t codec)
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

static enum transcode_input_outcome outcome_of(enum spool_outcome outcome)
{
	if (outcome == SPOOL_OVERWRITTEN)
		return TRANSCODE_INPUT_OVERWRITTEN;
	return outcome == SPOOL_NO_MEMORY ? TRANSCODE_INPUT_FAILED : TRANSCODE_INPUT_OK;
}

enum transcode_input_outcome transcode_input_open(struct feed *feed, const struct transcode_part *part,
						  struct spool *spool, size_t row)
{
	const struct spool_frame *frame;

	*feed = (struct feed){.part = part, .spool = spool, .row = row, .form = TRANSCODE_INPUT_IVF};
	if (part->stretch) {
		feed->first_wall_us = part->stretch->head.wall_us;
		if (!transcode_input_is_jpeg(part->stretch->segment.entry.codec))
			feed->form = TRANSCODE_INPUT_FRAGMENTS;
		return TRANSCODE_INPUT_OK;
	}
	enum spool_outcome outcome = spool_peek(spool, row, &frame);
	if (outcome != SPOOL_OK)
		return outcome == SPOOL_NO_MEMORY ? TRANSCODE_INPUT_FAILED : TRANSCODE_INPUT_OVERWRITTEN;
	feed->first_wall_us = frame->meta.wall_us;
	return TRANSCODE_INPUT_OK;
}

void transcode_input_close(struct feed *feed)
{
	free(feed->frame);
	*feed = (struct feed){0};
}

void transcode_input_check_start(struct feed *feed, transcode_start_check *watch, void *context)
{
	feed->watch = watch;
	feed->watch_context = context;
}

/* False where FFmpeg begins with another frame than it was told. */
static bool begins_right(struct feed *feed)
{
	enum transcode_start start = feed->watch ? feed->watch(feed->watch_context) : TRANSCODE_START_UNKNOWN;

	if (start == TRANSCODE_START_CONFIRMED) {
		feed->watch = NULL;
		spool_unmark(feed->spool);
	}
	return start != TRANSCODE_START_WRONG;
}

static bool ivf_begin(const struct transcode_part *part, const struct subprocess *ffmpeg)
{
	uint8_t header[IVF_HEADER_BYTES];

	ivf_file_header(header, part->width, part->height);
	return child_program_write(ffmpeg, header, sizeof(header));
}

static bool ivf_frame(const struct subprocess *ffmpeg, int64_t wall_us, const uint8_t *data, uint32_t length)
{
	uint8_t header[IVF_FRAME_BYTES];

	ivf_frame_header(header, length, wall_us);
	return child_program_write(ffmpeg, header, sizeof(header)) && child_program_write(ffmpeg, data, length);
}

static enum transcode_input_outcome feed_ring(struct feed *feed, const struct subprocess *ffmpeg)
{
	const struct spool_frame *frame;
	enum spool_outcome outcome;

	while ((outcome = spool_peek(feed->spool, feed->row, &frame)) == SPOOL_OK) {
		if (!ivf_frame(ffmpeg, frame->meta.wall_us, frame->data, frame->meta.length))
			return TRANSCODE_INPUT_FAILED;
		spool_drop(feed->spool);
		feed->frames++;
		if (!begins_right(feed))
			return TRANSCODE_INPUT_WRONG_START;
	}
	return outcome_of(outcome);
}

static bool feed_record(struct feed *feed, const struct index_record *record, const struct subprocess *ffmpeg)
{
	int fd = feed->part->stretch->segment.fd;

	return frame_room(feed, record->size) &&
	       read_at(fd, feed->frame, record->size, record->offset) == (ssize_t)record->size &&
	       ivf_frame(ffmpeg, record->wall_us, feed->frame, record->size);
}

static bool feed_jpegs(struct feed *feed, const struct subprocess *ffmpeg)
{
	const struct clip_slice *stretch = feed->part->stretch;
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

static bool feed_bytes(int fd, uint64_t at, uint64_t end, const struct subprocess *ffmpeg)
{
	uint8_t *copy = malloc(COPY_BYTES);
	bool good = copy;

	while (good && at < end) {
		size_t wanted = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		ssize_t got = read_at(fd, copy, wanted, at);
		good = got > 0 && child_program_write(ffmpeg, copy, (size_t)got);
		at += got > 0 ? (uint64_t)got : 0;
	}
	free(copy);
	return good;
}

bool transcode_input_fragment_offset(const struct clip_segment *segment, uint64_t number, uint64_t *at)
{
	struct segment_layout layout = {0};
	struct index_record before;

	if (number > 0) {
		if (clip_segment_read(segment, number - 1, 1, &before) != 1)
			return false;
		*at = before.offset + before.size;
		return true;
	}
	bool good = segment_read_layout(segment->fd, &layout) == SEGMENT_OK;
	*at = layout.fragments_at;
	segment_layout_free(&layout);
	return good;
}

bool transcode_input_write_fragments(const struct clip_segment *segment, uint64_t first, uint64_t end,
				     const struct subprocess *ffmpeg)
{
	struct segment_layout layout = {0};
	struct mp4_box ftyp;
	uint64_t from, to;
	bool good = segment_read_layout(segment->fd, &layout) == SEGMENT_OK &&
		    mp4_box_header(layout.head.data, layout.head.length, 0, &ftyp) == MP4_OK &&
		    transcode_input_fragment_offset(segment, first, &from) &&
		    transcode_input_fragment_offset(segment, end, &to);

	good = good && child_program_write(ffmpeg, layout.head.data, (size_t)ftyp.size) &&
	       child_program_write(ffmpeg, layout.head.data + layout.media_at,
				   layout.head.length - (size_t)layout.media_at) &&
	       feed_bytes(segment->fd, from, to, ffmpeg);
	segment_layout_free(&layout);
	return good;
}

static bool feed_stretch(struct feed *feed, const struct subprocess *ffmpeg)
{
	struct clip_slice *stretch = feed->part->stretch;

	if (stretch && !clip_segment_reopen(&stretch->segment))
		return false;

	feed->frames = stretch->end - stretch->first;
	if (feed->form == TRANSCODE_INPUT_FRAGMENTS)
		return transcode_input_write_fragments(&stretch->segment, stretch->first, stretch->end, ffmpeg);
	return ivf_begin(feed->part, ffmpeg) && feed_jpegs(feed, ffmpeg);
}

enum transcode_input_outcome transcode_input_run(struct feed *feed, const struct subprocess *ffmpeg)
{
	if (feed->part->stretch)
		return feed_stretch(feed, ffmpeg) ? TRANSCODE_INPUT_OK : TRANSCODE_INPUT_FAILED;
	return ivf_begin(feed->part, ffmpeg) ? feed_ring(feed, ffmpeg) : TRANSCODE_INPUT_FAILED;
}
