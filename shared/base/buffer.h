/*
 * buffer.h - growable byte buffers.
 *
 * A zeroed buffer is empty and owns nothing. If an allocation fails, the buffer is marked `failed` and later appends do
 * nothing, so the owner needs to check only once, at the end.
 */
#ifndef SHARED_BASE_BUFFER_H
#define SHARED_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data;
	size_t length, capacity;
	bool failed;
};

void buffer_free(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);                /* sets the length to 0 and keeps the memory */
bool buffer_reserve(struct buffer *buffer, size_t more); /* makes room for that many more bytes */
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_drop(struct buffer *buffer, size_t length); /* removes bytes from the front */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends a big-endian integer, as ISO base media files have them. */
void buffer_u8(struct buffer *buffer, uint8_t value);
void buffer_u16(struct buffer *buffer, uint16_t value);
void buffer_u32(struct buffer *buffer, uint32_t value);
void buffer_u64(struct buffer *buffer, uint64_t value);

/* Overwrites four bytes at offset `at`. Does nothing if they are not all there. */
void buffer_set_u32(struct buffer *buffer, size_t at, uint32_t value);

#endif
