/* fragment_parser.c - splits FFmpeg's output into fragments of one frame. */
#include "recorderd/ffmpeg/fragment_parser.h"

#include <string.h>

#define FTYP MP4_TYPE('f', 't', 'y', 'p')
#define MOOV MP4_TYPE('m', 'o', 'o', 'v')
#define MOOF MP4_TYPE('m', 'o', 'o', 'f')
#define MDAT MP4_TYPE('m', 'd', 'a', 't')

void fragment_parser_free(struct fragment_parser *parser)
{
	buffer_free(&parser->data);
	buffer_free(&parser->init);
	*parser = (struct fragment_parser){0};
}

uint8_t *fragment_parser_reserve(struct fragment_parser *parser, size_t bytes)
{
	if (parser->at) {
		buffer_drop(&parser->data, parser->at);
		parser->at = 0;
	}
	return buffer_reserve(&parser->data, bytes) ? parser->data.data + parser->data.length : NULL;
}

enum step { STEP_TAKEN, STEP_MORE, STEP_BAD };

/* Finds the box at parser->at + skip. STEP_MORE if it is not complete yet. */
static enum step whole_box(const struct fragment_parser *parser, size_t skip, struct mp4_box *box, struct reason *why)
{
	size_t at = parser->at + skip;

	switch (mp4_box_header(parser->data.data, parser->data.length, at, box)) {
	case MP4_INCOMPLETE:
		return STEP_MORE;
	case MP4_INVALID:
		reason_set(why, "FFmpeg's output has a box of unknown size");
		return STEP_BAD;
	case MP4_OK:
		break;
	}
	if (box->size > FRAGMENT_BYTES_MAX) {
		reason_set(why, "FFmpeg's output has a box of %llu bytes", (unsigned long long)box->size);
		return STEP_BAD;
	}
	return parser->data.length - at < box->size ? STEP_MORE : STEP_TAKEN;
}

static enum step take_init(struct fragment_parser *parser, const struct mp4_box *box, struct reason *why)
{
	const uint8_t *data = parser->data.data + parser->at;
	size_t moov_at = parser->init.length;

	buffer_append(&parser->init, data, (size_t)box->size);
	parser->at += (size_t)box->size;
	if (parser->init.failed) {
		reason_set(why, "out of memory for FFmpeg's output");
		return STEP_BAD;
	}
	if (box->type != MOOV)
		return STEP_TAKEN;
	if (!mp4_parse_init(parser->init.data + moov_at, (size_t)box->size, &parser->track)) {
		reason_set(why, "FFmpeg's output is not a single video track");
		return STEP_BAD;
	}
	parser->started = true;
	return STEP_TAKEN;
}

static enum step take_fragment(struct fragment_parser *parser, const struct mp4_box *moof, fragment_callback *callback,
			       void *context, struct reason *why)
{
	uint8_t *data = parser->data.data + parser->at;
	struct mp4_fragment fragment;
	struct mp4_box mdat;
	enum step step = whole_box(parser, (size_t)moof->size, &mdat, why);

	if (step != STEP_TAKEN)
		return step;
	if (mdat.type != MDAT || !mp4_parse_fragment(data, (size_t)moof->size, &fragment) ||
	    fragment.data_offset != moof->size + mdat.header_bytes || fragment.size != mdat.size - mdat.header_bytes) {
		reason_set(why, "FFmpeg's output does not have one frame per fragment");
		return STEP_BAD;
	}
	parser->at += (size_t)(moof->size + mdat.size);
	callback(context, data, (size_t)moof->size, (size_t)(moof->size + mdat.size), &fragment);
	return STEP_TAKEN;
}

static enum step step_once(struct fragment_parser *parser, fragment_callback *callback, void *context,
			   struct reason *why)
{
	struct mp4_box box;
	enum step step = whole_box(parser, 0, &box, why);

	if (step != STEP_TAKEN)
		return step;
	if (!parser->started && (box.type == FTYP || box.type == MOOV))
		return take_init(parser, &box, why);
	if (parser->started && box.type == MOOF)
		return take_fragment(parser, &box, callback, context, why);
	if (box.type == MOOF || box.type == MDAT) {
		reason_set(why, "FFmpeg's output has a misplaced moof or mdat box");
		return STEP_BAD;
	}
	parser->at += (size_t)box.size; /* free, sidx, mfra: not needed in a segment */
	return STEP_TAKEN;
}

bool fragment_parser_push(struct fragment_parser *parser, size_t bytes, fragment_callback *callback, void *context,
			  struct reason *why)
{
	enum step step;

	parser->data.length += bytes;
	do
		step = step_once(parser, callback, context, why);
	while (step == STEP_TAKEN);
	return step == STEP_MORE;
}
