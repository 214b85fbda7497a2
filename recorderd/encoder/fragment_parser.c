#include "recorderd/encoder/fragment_parser.h"

#include <string.h>

#define FTYP MP4_TYPE('f', 't', 'y', 'p')
#define MOOV MP4_TYPE('m', 'o', 'o', 'v')
#define MOOF MP4_TYPE('m', 'o', 'o', 'f')
#define MDAT MP4_TYPE('m', 'd', 'a', 't')

void fragment_parser_free(struct fragment_parser *stream)
{
	buffer_free(&stream->data);
	buffer_free(&stream->init);
	*stream = (struct fragment_parser){0};
}

uint8_t *fragment_parser_reserve(struct fragment_parser *stream, size_t bytes)
{
	if (stream->at) {
		buffer_drop(&stream->data, stream->at);
		stream->at = 0;
	}
	return buffer_reserve(&stream->data, bytes) ? stream->data.data + stream->data.length : NULL;
}

enum step { STEP_TAKEN, STEP_MORE, STEP_BAD };

/* The whole box at stream->at + skip, or the wish for more bytes. */
static enum step whole_box(const struct fragment_parser *stream, size_t skip, struct mp4_box *box, struct reason *why)
{
	size_t at = stream->at + skip;

	switch (mp4_box_header(stream->data.data, stream->data.length, at, box)) {
	case MP4_INCOMPLETE:
		return STEP_MORE;
	case MP4_INVALID:
		reason_set(why, "the encoder's output has a box without a size");
		return STEP_BAD;
	case MP4_OK:
		break;
	}
	if (box->size > FRAGMENT_BYTES_MAX) {
		reason_set(why, "the encoder's output has a box of %llu bytes", (unsigned long long)box->size);
		return STEP_BAD;
	}
	return stream->data.length - at < box->size ? STEP_MORE : STEP_TAKEN;
}

static enum step take_init(struct fragment_parser *stream, const struct mp4_box *box, struct reason *why)
{
	const uint8_t *data = stream->data.data + stream->at;
	size_t moov_at = stream->init.length;

	buffer_append(&stream->init, data, (size_t)box->size);
	stream->at += (size_t)box->size;
	if (stream->init.failed) {
		reason_set(why, "no memory for the encoder's output");
		return STEP_BAD;
	}
	if (box->type != MOOV)
		return STEP_TAKEN;
	if (!mp4_parse_init(stream->init.data + moov_at, (size_t)box->size, &stream->track)) {
		reason_set(why, "the encoder's output is not one video track");
		return STEP_BAD;
	}
	stream->started = true;
	return STEP_TAKEN;
}

static enum step take_fragment(struct fragment_parser *stream, const struct mp4_box *moof, fragment_callback *taken,
			       void *context, struct reason *why)
{
	uint8_t *data = stream->data.data + stream->at;
	struct mp4_fragment fragment;
	struct mp4_box mdat;
	enum step step = whole_box(stream, (size_t)moof->size, &mdat, why);

	if (step != STEP_TAKEN)
		return step;
	if (mdat.type != MDAT || !mp4_parse_fragment(data, (size_t)moof->size, &fragment) ||
	    fragment.data_offset != moof->size + mdat.header_bytes || fragment.size != mdat.size - mdat.header_bytes) {
		reason_set(why, "the encoder's output is not one frame a fragment");
		return STEP_BAD;
	}
	stream->at += (size_t)(moof->size + mdat.size);
	taken(context, data, (size_t)moof->size, (size_t)(moof->size + mdat.size), &fragment);
	return STEP_TAKEN;
}

static enum step step_once(struct fragment_parser *stream, fragment_callback *taken, void *context, struct reason *why)
{
	struct mp4_box box;
	enum step step = whole_box(stream, 0, &box, why);

	if (step != STEP_TAKEN)
		return step;
	if (!stream->started && (box.type == FTYP || box.type == MOOV))
		return take_init(stream, &box, why);
	if (stream->started && box.type == MOOF)
		return take_fragment(stream, &box, taken, context, why);
	if (box.type == MOOF || box.type == MDAT) {
		reason_set(why, "the encoder's output has a fragment where none is due");
		return STEP_BAD;
	}
	stream->at += (size_t)box.size; /* free, sidx, mfra: nothing that a segment needs */
	return STEP_TAKEN;
}

bool fragment_parser_push(struct fragment_parser *stream, size_t bytes, fragment_callback *taken, void *context,
			  struct reason *why)
{
	enum step step;

	stream->data.length += bytes;
	do
		step = step_once(stream, taken, context, why);
	while (step == STEP_TAKEN);
	return step == STEP_MORE;
}
