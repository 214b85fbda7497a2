/*
 * video_chunk.h - bytes of a response as they go over the wire, made once and shared by all who are sent them.
 *
 * On the wire they are FCGI_STDOUT records (fastcgi.h). A chunk begins and ends with a record, so chunks can follow
 * each other in any order.
 */
#ifndef FCGI_VIDEO_VIDEO_CHUNK_H
#define FCGI_VIDEO_VIDEO_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"

struct video_chunk {
	unsigned refs;
	size_t payload_bytes; /* as the client gets them */
	size_t wire_bytes;    /* with the headers of records */
	uint8_t wire[];
};

/* A chunk with that payload, which is not empty. NULL if memory runs out. Starts with one reference. */
struct video_chunk *video_chunk_create(const void *payload, size_t bytes);

/* The end of a response (fastcgi_end()). */
struct video_chunk *video_chunk_create_end(void);

/* Appends what the client gets of it. */
void video_chunk_append_payload(const struct video_chunk *chunk, struct buffer *out);

struct video_chunk *video_chunk_ref(struct video_chunk *chunk);
void video_chunk_unref(struct video_chunk *chunk); /* NULL is safe */

#endif
