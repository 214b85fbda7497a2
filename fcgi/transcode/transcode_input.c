/* transcode_input.c - writes frames to FFmpeg, as IVF or as fragments. */
#include "fcgi/transcode/transcode_input.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/file_io.h"
#include "shared/media/ivf.h"
#include "shared/segment/segment.h"

#define COPY_BYTES       (256u << 10)
#define RECORDS_PER_READ 128u

bool transcode_input_is_jpeg(uint32_t codec)
{
	return codec != MP4_TYPE('a', 'v', 'c', '1');
}

static bool reserve_frame(struct transcode_input *input, size_t bytes)
{
	if (bytes <= input->frame_bytes)
		return true;
	uint8_t *grown = realloc(input->frame, bytes);
	if (!grown)
		return false;
	input->frame = grown;
	input->frame_bytes = bytes;
	return true;
}

static enum transcode_input_outcome outcome_of(enum spool_outcome outcome)
{
	if (outcome == SPOOL_OVERWRITTEN)
		return TRANSCODE_INPUT_OVERWRITTEN;
	return outcome == SPOOL_NO_MEMORY ? TRANSCODE_INPUT_FAILED : TRANSCODE_INPUT_OK;
}

enum transcode_input_outcome transcode_input_open(struct transcode_input *input, const struct transcode_part *part,
						  struct spool *spool, size_t range)
{
	const struct spool_frame *frame;

	*input = (struct transcode_input){.part = part, .spool = spool, .range = range, .format = TRANSCODE_INPUT_IVF};
	if (part->slice) {
		input->first_wall_us = part->slice->head.wall_us;
		if (!transcode_input_is_jpeg(part->slice->segment.entry.codec))
			input->format = TRANSCODE_INPUT_FRAGMENTS;
		return TRANSCODE_INPUT_OK;
	}
	enum spool_outcome outcome = spool_peek(spool, range, &frame);
	if (outcome != SPOOL_OK)
		return outcome == SPOOL_NO_MEMORY ? TRANSCODE_INPUT_FAILED : TRANSCODE_INPUT_OVERWRITTEN;
	input->first_wall_us = frame->meta.wall_us;
	return TRANSCODE_INPUT_OK;
}

void transcode_input_close(struct transcode_input *input)
{
	free(input->frame);
	*input = (struct transcode_input){0};
}

void transcode_input_check_start(struct transcode_input *input, transcode_start_check *check, void *context)
{
	input->check = check;
	input->check_context = context;
}

/* Returns false if FFmpeg has begun with another frame than it was told to expect. */
static bool starts_as_expected(struct transcode_input *input)
{
	enum transcode_start start = input->check ? input->check(input->check_context) : TRANSCODE_START_UNKNOWN;

	if (start == TRANSCODE_START_CONFIRMED) {
		input->check = NULL;
		spool_unmark(input->spool);
	}
	return start != TRANSCODE_START_WRONG;
}

static bool write_ivf_header(const struct transcode_part *part, const struct subprocess *ffmpeg)
{
	uint8_t header[IVF_HEADER_BYTES];

	ivf_file_header(header, part->width, part->height);
	return child_program_write(ffmpeg, header, sizeof(header));
}

static bool write_ivf_frame(const struct subprocess *ffmpeg, int64_t wall_us, const uint8_t *data, uint32_t length)
{
	uint8_t header[IVF_FRAME_BYTES];

	ivf_frame_header(header, length, wall_us);
	return child_program_write(ffmpeg, header, sizeof(header)) && child_program_write(ffmpeg, data, length);
}

static enum transcode_input_outcome write_ring_frames(struct transcode_input *input, const struct subprocess *ffmpeg)
{
	const struct spool_frame *frame;
	enum spool_outcome outcome;

	while ((outcome = spool_peek(input->spool, input->range, &frame)) == SPOOL_OK) {
		if (!write_ivf_frame(ffmpeg, frame->meta.wall_us, frame->data, frame->meta.length))
			return TRANSCODE_INPUT_FAILED;
		spool_drop(input->spool);
		input->frames++;
		if (!starts_as_expected(input))
			return TRANSCODE_INPUT_WRONG_START;
	}
	return outcome_of(outcome);
}

static bool write_record(struct transcode_input *input, const struct index_record *record,
			 const struct subprocess *ffmpeg)
{
	int fd = input->part->slice->segment.fd;

	return reserve_frame(input, record->size) &&
	       segment_reader_has(&input->part->slice->segment, record->offset, record->offset + record->size) &&
	       read_at(fd, input->frame, record->size, record->offset) == (ssize_t)record->size &&
	       write_ivf_frame(ffmpeg, record->wall_us, input->frame, record->size);
}

static bool write_jpegs(struct transcode_input *input, const struct subprocess *ffmpeg)
{
	const struct clip_slice *slice = input->part->slice;
	struct index_record records[RECORDS_PER_READ];
	uint64_t next = slice->first;

	while (next < slice->end) {
		size_t wanted = slice->end - next < RECORDS_PER_READ ? (size_t)(slice->end - next) : RECORDS_PER_READ;
		if (segment_reader_read(&slice->segment, next, wanted, records) != wanted)
			return false;
		for (size_t i = 0; i < wanted; i++)
			if (!write_record(input, &records[i], ffmpeg))
				return false;
		next += wanted;
	}
	return true;
}

static bool write_bytes(int fd, uint64_t at, uint64_t end, const struct subprocess *ffmpeg)
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

bool transcode_input_fragment_offset(const struct segment_reader *segment, uint64_t number, uint64_t *at)
{
	struct segment_layout layout = {0};
	struct index_record before;

	if (number > 0) {
		if (segment_reader_read(segment, number - 1, 1, &before) != 1)
			return false;
		*at = before.offset + before.size;
		return true;
	}
	bool good = segment_read_head(segment->fd, &layout) == SEGMENT_OK;
	*at = layout.fragments_at;
	segment_layout_free(&layout);
	return good;
}

bool transcode_input_write_fragments(const struct segment_reader *segment, uint64_t first, uint64_t end,
				     const struct subprocess *ffmpeg)
{
	struct segment_layout layout = {0};
	struct buffer init = {0};
	uint64_t from, to;
	bool good = segment_read_head(segment->fd, &layout) == SEGMENT_OK &&
		    segment_reader_append_init(&layout, &init) &&
		    transcode_input_fragment_offset(segment, first, &from) &&
		    transcode_input_fragment_offset(segment, end, &to) && segment_reader_has(segment, from, to) &&
		    child_program_write(ffmpeg, init.data, init.length) && write_bytes(segment->fd, from, to, ffmpeg);

	segment_layout_free(&layout);
	buffer_free(&init);
	return good;
}

static bool write_slice(struct transcode_input *input, const struct subprocess *ffmpeg)
{
	struct clip_slice *slice = input->part->slice;

	if (!segment_reader_reopen(&slice->segment))
		return false;
	input->frames = slice->end - slice->first;
	if (input->format == TRANSCODE_INPUT_FRAGMENTS)
		return transcode_input_write_fragments(&slice->segment, slice->first, slice->end, ffmpeg);
	return write_ivf_header(input->part, ffmpeg) && write_jpegs(input, ffmpeg);
}

enum transcode_input_outcome transcode_input_run(struct transcode_input *input, const struct subprocess *ffmpeg)
{
	if (input->part->slice)
		return write_slice(input, ffmpeg) ? TRANSCODE_INPUT_OK : TRANSCODE_INPUT_FAILED;
	return write_ivf_header(input->part, ffmpeg) ? write_ring_frames(input, ffmpeg) : TRANSCODE_INPUT_FAILED;
}
