/* video_chunk.c - bytes of a response as they go over the wire. */
#include "fcgi/video/video_chunk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/zero_copy.h"
#include "shared/base/big_endian.h"

#define RECORD_MAX (FASTCGI_TURN_BYTES - FASTCGI_HEADER_BYTES)

static struct video_chunk *create(size_t payload_bytes, size_t wire_bytes)
{
	struct video_chunk *chunk = malloc(sizeof(*chunk) + wire_bytes);

	if (!chunk)
		return NULL;
	chunk->refs = 1;
	chunk->file = -1;
	chunk->payload_bytes = payload_bytes;
	chunk->wire_bytes = wire_bytes;
	return chunk;
}

struct video_chunk *video_chunk_create(const void *payload, size_t bytes)
{
	size_t records = (bytes + RECORD_MAX - 1) / RECORD_MAX;
	struct video_chunk *chunk = create(bytes, bytes + records * FASTCGI_HEADER_BYTES);
	const uint8_t *from = payload;

	if (!chunk)
		return NULL;
	for (uint8_t *to = chunk->wire; bytes > 0;) {
		size_t length = bytes < RECORD_MAX ? bytes : RECORD_MAX;

		fastcgi_stdout_header(to, length);
		memcpy(to + FASTCGI_HEADER_BYTES, from, length);
		to += FASTCGI_HEADER_BYTES + length;
		from += length;
		bytes -= length;
	}
	return chunk;
}

void video_chunk_share(struct video_chunk *chunk)
{
	if (chunk->file >= 0 || !zero_copy_is_supported())
		return;
	int file = memfd_create("recorder-live", MFD_CLOEXEC);
	if (file >= 0 && write(file, chunk->wire, chunk->wire_bytes) == (ssize_t)chunk->wire_bytes)
		chunk->file = file;
	else if (file >= 0)
		close(file);
}

struct video_chunk *video_chunk_create_end(void)
{
	struct video_chunk *chunk = create(0, FASTCGI_END_BYTES);

	if (chunk)
		fastcgi_end(chunk->wire);
	return chunk;
}

void video_chunk_append_payload(const struct video_chunk *chunk, struct buffer *out)
{
	for (size_t at = 0; at < chunk->wire_bytes;) {
		size_t length = be16_get(chunk->wire + at + 4); /* contentLength of the record */

		buffer_append(out, chunk->wire + at + FASTCGI_HEADER_BYTES, length);
		at += FASTCGI_HEADER_BYTES + length;
	}
}

struct video_chunk *video_chunk_ref(struct video_chunk *chunk)
{
	chunk->refs++;
	return chunk;
}

void video_chunk_unref(struct video_chunk *chunk)
{
	if (!chunk || --chunk->refs > 0)
		return;
	if (chunk->file >= 0)
		close(chunk->file);
	free(chunk);
}
