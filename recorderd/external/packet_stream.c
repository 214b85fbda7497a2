/* packet_stream.c - takes apart what recorder-source sends. */
#include "recorderd/external/packet_stream.h"

uint8_t *packet_stream_space(struct packet_stream *stream)
{
	buffer_drop(&stream->received, stream->taken);
	stream->taken = 0;
	if (!buffer_reserve(&stream->received, PACKET_STREAM_READ_BYTES))
		return NULL;
	return stream->received.data + stream->received.length;
}

void packet_stream_add(struct packet_stream *stream, size_t bytes)
{
	stream->received.length += bytes;
}

static enum packet_outcome take(struct packet_stream *stream, struct source_header *header, const uint8_t **data)
{
	const uint8_t *at = stream->received.data + stream->taken;
	size_t left = stream->received.length - stream->taken;

	if (left < sizeof(*header))
		return PACKET_INCOMPLETE;
	if (!source_header_read(at, header) || (header->kind == SOURCE_HELLO) == stream->greeted)
		return PACKET_INVALID;
	if (left - sizeof(*header) < header->bytes)
		return PACKET_INCOMPLETE;
	*data = at + sizeof(*header);
	stream->taken += sizeof(*header) + header->bytes;
	stream->greeted = true;
	return PACKET_TAKEN;
}

enum packet_outcome packet_stream_next(struct packet_stream *stream, struct source_header *header, const uint8_t **data)
{
	enum packet_outcome outcome = take(stream, header, data);

	return outcome == PACKET_TAKEN && header->kind == SOURCE_HELLO ? take(stream, header, data) : outcome;
}

bool packet_stream_is_torn(const struct packet_stream *stream)
{
	return stream->received.length > stream->taken;
}

void packet_stream_free(struct packet_stream *stream)
{
	buffer_free(&stream->received);
	*stream = (struct packet_stream){0};
}
