/*
 * mpjpeg.h - the parts of a stream in FFmpeg's `mpjpeg` format (multipart, RFC 2046), each with its length.
 *
 *     --ffmpeg CRLF Content-type: image/jpeg CRLF Content-length: N CRLF CRLF  N bytes  CRLF  --ffmpeg CRLF ...
 */
#ifndef RECORDERD_SOURCE_MPJPEG_H
#define RECORDERD_SOURCE_MPJPEG_H

#include <stddef.h>
#include <stdint.h>

#define MPJPEG_HEAD_MAX 1024u               /* bytes of headers before a picture */
#define MPJPEG_BODY_MAX (64u * 1024 * 1024) /* bytes of a picture */

enum mpjpeg_outcome {
	MPJPEG_PART,
	MPJPEG_MORE, /* the part is not complete yet */
	MPJPEG_BAD,  /* this is not such a stream */
};

struct mpjpeg_part {
	const uint8_t *body; /* points into the data */
	size_t length;
	size_t used; /* from the start of the data to the end of the body */
};

/* Finds the first part. `data` begins where the previous part ended. Pure function; never reads outside of `data`. */
enum mpjpeg_outcome mpjpeg_next(const uint8_t *data, size_t length, struct mpjpeg_part *out);

#endif
