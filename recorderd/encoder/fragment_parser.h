/*
 * fragment_parser.h - cuts what FFmpeg writes (fragmented MP4 on a pipe, in pieces of any size) into the init segment
 * and fragments of one frame. What it is given is not trusted.
 */
#ifndef RECORDERD_ENCODER_FRAGMENT_PARSER_H
#define RECORDERD_ENCODER_FRAGMENT_PARSER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/base/reason.h"
#include "shared/media/mp4_box.h"

#define FRAGMENT_BYTES_MAX (64u << 20)

struct fragment_parser {
	struct buffer data;    /* not yet cut */
	size_t at;             /* of the first byte in data that is not used up */
	struct buffer init;    /* ftyp + moov, once complete */
	struct mp4_init track; /* of the moov in init */
	bool started;          /* init is complete */
};

/* Called for each fragment: moof and mdat stand one behind the other; valid during the call. */
typedef void fragment_callback(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			       const struct mp4_fragment *fragment);

void fragment_parser_free(struct fragment_parser *stream); /* frees; zeroed it can be used again */

/* Room for `bytes` more at the end; NULL without memory. Fill it and call fragment_parser_push. */
uint8_t *fragment_parser_reserve(struct fragment_parser *stream, size_t bytes);

/* Takes `bytes` that were put into the room. False with a sentence where this is not what FFmpeg was asked for. */
bool fragment_parser_push(struct fragment_parser *stream, size_t bytes, fragment_callback *taken, void *context,
			  struct reason *why);

#endif
