/* mpjpeg.c - the parts of a stream in FFmpeg's `mpjpeg` format. */
#include "recorderd/source/mpjpeg.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Parses digits up to the end of the line. Returns false for anything else, 0, and more than MPJPEG_BODY_MAX. */
static bool parse_length(const uint8_t *at, const uint8_t *end, size_t *out)
{
	size_t value = 0;

	while (at < end && *at == ' ')
		at++;
	if (at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		value = value * 10 + (size_t)(*at - '0');
		if (value > MPJPEG_BODY_MAX)
			return false;
	}
	*out = value;
	return value > 0;
}

/* Parses one header line, without its CRLF. Returns false if it is an invalid length. */
static bool take_line(const uint8_t *line, size_t length, size_t *body_bytes)
{
	static const char field[] = "Content-length:";
	const size_t name_bytes = sizeof(field) - 1;

	if (length < name_bytes || strncasecmp((const char *)line, field, name_bytes) != 0)
		return true;
	return parse_length(line + name_bytes, line + length, body_bytes);
}

enum mpjpeg_outcome mpjpeg_next(const uint8_t *data, size_t length, struct mpjpeg_part *out)
{
	size_t at = 0, body_bytes = 0, head = length < MPJPEG_HEAD_MAX ? length : MPJPEG_HEAD_MAX;
	const uint8_t *end;

	while (at < head && (end = memmem(data + at, head - at, "\r\n", 2))) {
		size_t line_bytes = (size_t)(end - (data + at));
		bool blank = line_bytes == 0;

		if (!take_line(data + at, line_bytes, &body_bytes))
			return MPJPEG_BAD;
		at += line_bytes + 2;
		if (!blank || at == 2) /* a blank line at the start ends the previous body */
			continue;
		if (!body_bytes)
			return MPJPEG_BAD;
		if (length - at < body_bytes)
			return MPJPEG_MORE;
		*out = (struct mpjpeg_part){data + at, body_bytes, at + body_bytes};
		return MPJPEG_PART;
	}
	return length >= MPJPEG_HEAD_MAX ? MPJPEG_BAD : MPJPEG_MORE;
}
