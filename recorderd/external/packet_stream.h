/*
 * packet_stream.h - takes apart what recorder-source sends (shared/source/source_socket.h). Its bytes are not trusted.
 *
 * The caller reads from the socket into packet_stream_space(), and then takes packets until there is none. Memory is
 * only taken for bytes that have come, whatever a header announces.
 */
#ifndef RECORDERD_EXTERNAL_PACKET_STREAM_H
#define RECORDERD_EXTERNAL_PACKET_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/source/source_socket.h"

#define PACKET_STREAM_READ_BYTES (256u * 1024)

/* Zeroed: nothing has come yet. */
struct packet_stream {
	struct buffer received;
	size_t taken; /* bytes of packets that were taken */
	bool greeted;
};

enum packet_outcome {
	PACKET_TAKEN,
	PACKET_INCOMPLETE, /* it is not complete yet */
	PACKET_INVALID,    /* the sender is not to be believed any further */
};

/* Where the next PACKET_STREAM_READ_BYTES bytes go; NULL without memory. */
uint8_t *packet_stream_space(struct packet_stream *stream);

/* So many of them have come. */
void packet_stream_add(struct packet_stream *stream, size_t bytes);

/* Takes the next packet after the hello. *data leads into the stream, up to the next packet_stream_space(). */
enum packet_outcome packet_stream_next(struct packet_stream *stream, struct source_header *header,
				       const uint8_t **data);

/* Whether the bytes so far end in the middle of a packet. */
bool packet_stream_is_torn(const struct packet_stream *stream);

void packet_stream_free(struct packet_stream *stream);

#endif
