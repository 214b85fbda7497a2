/* buffer.c - see buffer.h. */
#include "shared/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

void buffer_finish(struct buffer *buffer)
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
	if (!buffer_reserve(buffer, (size_t)length + 1)) /* vsnprintf terminates it */
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
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	buffer_append(buffer, bytes, sizeof(bytes));
}

static void put_u32(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 24);
	out[1] = (uint8_t)(value >> 16);
	out[2] = (uint8_t)(value >> 8);
	out[3] = (uint8_t)value;
}

void buffer_u32(struct buffer *buffer, uint32_t value)
{
	uint8_t bytes[4];

	put_u32(bytes, value);
	buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_u64(struct buffer *buffer, uint64_t value)
{
	uint8_t bytes[8];

	put_u32(bytes, (uint32_t)(value >> 32));
	put_u32(bytes + 4, (uint32_t)value);
	buffer_append(buffer, bytes, sizeof(bytes));
}

void buffer_set_u32(struct buffer *buffer, size_t at, uint32_t value)
{
	if (at <= buffer->length && buffer->length - at >= 4)
		put_u32(buffer->data + at, value);
}
