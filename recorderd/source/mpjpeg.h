/*
 * mpjpeg.h - the parts of a stream in FFmpeg's `mpjpeg` form (multipart, RFC 2046), each with its length:
 *
 *     --ffmpeg CRLF Content-type: image/jpeg CRLF Content-length: N CRLF CRLF  N bytes  CRLF  --ffmpeg CRLF ...
 */
#ifndef RECORDERD_SOURCE_MPJPEG_H
#define RECORDERD_SOURCE_MPJPEG_H

#include <stddef.h>
#include <stdint.h>

#define MPJPEG_HEAD_MAX 1024u               /* bytes before a picture */
#define MPJPEG_BODY_MAX (64u * 1024 * 1024) /* bytes of a picture */

enum mpjpeg_outcome {
	MPJPEG_PART,
	MPJPEG_MORE, /* the part is not whole yet */
	MPJPEG_BAD,  /* no such stream: give up */
};

struct mpjpeg_part {
	const uint8_t *body; /* in the data */
	size_t length;
	size_t used; /* bytes of the data up to the end of the body */
};

/* The part at the front of `data`, which goes on behind the part before it. Pure; never reads outside. */
enum mpjpeg_outcome mpjpeg_next(const uint8_t *data, size_t length, struct mpjpeg_part *out);

#endif
