/* stream.c - the receiving end of a multipart/x-mixed-replace stream. */
#include "tests/bench/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "tests/tools/frames.h"

#define HEAD_BYTES 512 /* a part's headers, and the beginning of its picture with the stamp */
#define US_PER_S   1000000

static void take_status(struct stream *stream)
{
	if (strncmp(stream->line, "HTTP/1.", 7) == 0)
		stream->status = atoi(stream->line + 8);
	stream->state = stream->status == 200 ? STREAM_SERVED : STREAM_REFUSED;
}

static void take_line(struct stream *stream)
{
	const char *line = stream->line;

	stream->line[stream->line_length] = '\0';
	if (stream->state == STREAM_ASKED) {
		take_status(stream);
	} else if (strncasecmp(line, "Content-Length:", 15) == 0) {
		stream->length = (size_t)strtoul(line + 15, NULL, 10);
	} else if (strncasecmp(line, "X-Timestamp:", 12) == 0) {
		stream->taken_us = (int64_t)(strtod(line + 12, NULL) * US_PER_S);
	} else if (stream->line_length == 0 && stream->state == STREAM_SERVED) {
		stream->body_left = stream->length;
		stream->length = 0;
	}
	stream->line_length = 0;
}

/* The camera's own stamp, if the first bytes of a picture have one: servers differ in the time that they report. */
static void take_stamp(struct stream *stream, const char *picture, size_t bytes)
{
	const char *stamp = memmem(picture, bytes, FRAMES_STAMP, sizeof(FRAMES_STAMP) - 1);
	char digits[FRAMES_TIME_CHARS + 1] = "";

	if (!stamp || (size_t)(picture + bytes - stamp) < sizeof(FRAMES_STAMP) - 1 + FRAMES_TIME_CHARS)
		return;
	memcpy(digits, stamp + sizeof(FRAMES_STAMP) - 1, FRAMES_TIME_CHARS);
	stream->taken_us = strtoll(digits, NULL, 10);
}

static void body_taken(struct stream *stream, size_t bytes, stream_picture picture, void *context)
{
	stream->body_left -= bytes;
	if (stream->body_left > 0)
		return;
	stream->pictures++;
	picture(stream, context);
	stream->taken_us = 0;
}

static void take_bytes(struct stream *stream, const char *at, size_t left, stream_picture picture, void *context)
{
	while (left > 0) {
		if (stream->body_left > 0) {
			size_t bytes = left < stream->body_left ? left : stream->body_left;

			take_stamp(stream, at, bytes);
			body_taken(stream, bytes, picture, context);
			at += bytes;
			left -= bytes;
			continue;
		}
		if (*at == '\n')
			take_line(stream);
		else if (*at != '\r' && stream->line_length < STREAM_LINE_BYTES - 1)
			stream->line[stream->line_length++] = *at;
		at++;
		left--;
	}
}

size_t stream_read(struct stream *stream, size_t limit, stream_picture picture, void *context)
{
	char head[HEAD_BYTES];
	bool body = stream->body_left > 0;
	size_t most = body ? stream->body_left : sizeof(head);
	ssize_t got = recv(stream->fd, body ? NULL : head, most < limit ? most : limit, body ? MSG_TRUNC : 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0) {
		if (stream->state != STREAM_REFUSED)
			stream->state = STREAM_CLOSED;
		return 0;
	}
	stream->bytes += (uint64_t)got;
	if (body)
		body_taken(stream, (size_t)got, picture, context);
	else
		take_bytes(stream, head, (size_t)got, picture, context);
	return (size_t)got;
}
