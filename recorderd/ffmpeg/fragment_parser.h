/*
 * fragment_parser.h - splits FFmpeg's output, fragmented MP4 from a pipe, into the init segment and fragments of one
 * frame each. The input comes in pieces of any size and is not trusted.
 */
#ifndef RECORDERD_FFMPEG_FRAGMENT_PARSER_H
#define RECORDERD_FFMPEG_FRAGMENT_PARSER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/base/reason.h"
#include "shared/media/mp4_box.h"

#define FRAGMENT_BYTES_MAX (64u << 20)

/* Zero-initialised it is ready to use. */
struct fragment_parser {
	struct buffer data; /* input that is not parsed yet, from `at` on */
	size_t at;
	struct buffer init;    /* ftyp + moov, once complete */
	struct mp4_init track; /* of the moov in init */
	bool started;          /* init is complete */
};

/* Called for each fragment: a moof directly followed by its mdat. `data` is valid during the call. */
typedef void fragment_callback(void *context, uint8_t *data, size_t moof_bytes, size_t total_bytes,
			       const struct mp4_fragment *fragment);

/* Frees all memory; the parser can be used again. */
void fragment_parser_free(struct fragment_parser *parser);

/*
 * Returns room for `bytes` more bytes of input, or NULL if memory runs out. Write to it, then call
 * fragment_parser_push().
 */
uint8_t *fragment_parser_reserve(struct fragment_parser *parser, size_t bytes);

/*
 * Parses the next `bytes` bytes, which have been written to the room. Returns false and sets *why if this is not what
 * FFmpeg was asked for.
 */
bool fragment_parser_push(struct fragment_parser *parser, size_t bytes, fragment_callback *callback, void *context,
			  struct reason *why);

#endif
