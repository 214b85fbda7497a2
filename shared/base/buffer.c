/* buffer.c - growable byte buffers. */
#include "shared/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/big_endian.h"

#define FIRST_CAPACITY 256

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t needed, capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;

	if (buffer->failed)
		return false;
	if (more <= buffer->capacity - buffer->length)
		return true;
	if (__builtin_add_overflow(buffer->length, more, &needed))
		goto failed;
	while (capacity < needed)
		if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
			capacity = needed;

	uint8_t *data = realloc(buffer->data, capacity);
	if (!data)
		goto failed;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;

failed:
	buffer->failed = true;
	return false;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	if (length == 0 || !buffer_reserve(buffer, length))
		return;
	memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
}

void buffer_drop(struct buffer *buffer, size_t length)
{
	if (length >= buffer->length) {
		buffer->length = 0;
		return;
	}
	memmove(buffer->data, buffer->data + length, buffer->length - length);
	buffer->length -= length;
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buffer->failed = true;
		return;
	}
	if (!buffer_reserve(buffer, (size_t)length + 1)) /* one more for vsnprintf's NUL */
		return;
	va_start(arguments, format);
	vsnprintf((char *)buffer->data + buffer->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}

void buffer_u8(struct buffer *buffer, uint8_t value)
{
	buffer_append(buffer, &value, 1);
}

void buffer_u16(struct buffer *buffer, uint16_t value)
{
	uint8_t bytes[2];

	be16_put(bytes, value);
	buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_u32(struct buffer *buffer, uint32_t value)
{
	uint8_t bytes[4];

	be32_put(bytes, value);
	buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_u64(struct buffer *buffer, uint64_t value)
{
	uint8_t bytes[8];

	be64_put(bytes, value);
	buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_set_u32(struct buffer *buffer, size_t at, uint32_t value)
{
	if (at <= buffer->length && buffer->length - at >= 4)
		be32_put(buffer->data + at, value);
}
