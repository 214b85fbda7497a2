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
	int file;             /* the same bytes, for sendfile(2); owned; -1: only in memory */
	uint8_t wire[];
};

/* A chunk with that payload, which is not empty. NULL if memory runs out. Starts with one reference. */
struct video_chunk *video_chunk_create(const void *payload, size_t bytes);

/*
 * For a chunk that many are sent: its bytes go to a memory file too, whose pages sockets take without a copy. Without
 * descriptors, memory, or a kernel that does so (zero_copy.h), the chunk stays as it is.
 */
void video_chunk_share(struct video_chunk *chunk);

/* The end of a response (fastcgi_end()). */
struct video_chunk *video_chunk_create_end(void);

/* Appends what the client gets of it. */
void video_chunk_append_payload(const struct video_chunk *chunk, struct buffer *out);

struct video_chunk *video_chunk_ref(struct video_chunk *chunk);
void video_chunk_unref(struct video_chunk *chunk); /* NULL is safe */

#endif
