/*
 * buffer.h - a growing array of bytes. Zeroed it is empty and owns nothing. An allocation that fails marks it `failed`:
 * later appends do nothing, and the owner checks once at the end.
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
void buffer_clear(struct buffer *buffer); /* length 0; keeps the memory */
bool buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_drop(struct buffer *buffer, size_t length); /* removes from the front */
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Big-endian numbers, as ISO base media files have them. */
void buffer_u8(struct buffer *buffer, uint8_t value);
void buffer_u16(struct buffer *buffer, uint16_t value);
void buffer_u32(struct buffer *buffer, uint32_t value);
void buffer_u64(struct buffer *buffer, uint64_t value);
void buffer_set_u32(struct buffer *buffer, size_t at, uint32_t value);

#endif
