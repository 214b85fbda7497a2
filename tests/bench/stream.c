/* stream.c - the receiving end of a multipart/x-mixed-replace stream, or of a fragmented MP4 without an end. */
#include "tests/bench/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "shared/base/big_endian.h"
#include "tests/tools/frames.h"

#define HEAD_BYTES 512 /* a part's headers, and the beginning of its picture with the stamp */
#define US_PER_S   1000000
#define BOX_BYTES  8           /* size and type */
#define NTP_S      2208988800u /* from 1900 to 1970 */

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
	} else if (strncasecmp(line, "Content-Type: video/mp4", 23) == 0) {
		stream->video = true;
	} else if (stream->line_length == 0 && stream->state == STREAM_SERVED) {
		stream->body_left = stream->video ? 0 : stream->length;
		stream->length = 0;
		stream->in_boxes = stream->video;
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

/* A whole prft or moof: when the key frame was captured, and where in the video a frame is. */
static void take_box(struct stream *stream)
{
	const uint8_t *box = (const uint8_t *)stream->line;
	const uint8_t *tfdt = memmem(box, stream->line_length, "tfdt", 4);

	if (memcmp(box + 4, "prft", 4) == 0 && stream->line_length >= 32) {
		stream->key_us = ((int64_t)be32_get(box + 16) - NTP_S) * US_PER_S +
				 (int64_t)(((uint64_t)be32_get(box + 20) * US_PER_S) >> 32);
		stream->key_media_us = (int64_t)be64_get(box + 24);
	} else if (tfdt && stream->key_us > 0) {
		stream->taken_us = stream->key_us + (int64_t)be64_get(tfdt + 8) - stream->key_media_us;
	}
}

/* One more byte of the header of a box, or of a small box of which the content matters. */
static void take_box_byte(struct stream *stream, char byte)
{
	stream->line[stream->line_length++] = byte;
	if (stream->line_length < BOX_BYTES)
		return;
	size_t size = be32_get((const uint8_t *)stream->line);
	bool matters = memcmp(stream->line + 4, "prft", 4) == 0 || memcmp(stream->line + 4, "moof", 4) == 0;
	if (matters && stream->line_length < size && stream->line_length < STREAM_LINE_BYTES)
		return;
	if (matters)
		take_box(stream);
	stream->in_mdat = memcmp(stream->line + 4, "mdat", 4) == 0;
	stream->body_left = size - stream->line_length;
	stream->line_length = 0;
}

static void body_taken(struct stream *stream, size_t bytes, stream_picture picture, void *context)
{
	stream->body_left -= bytes;
	if (stream->body_left > 0 || (stream->video && !stream->in_mdat))
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

			if (!stream->video)
				take_stamp(stream, at, bytes);
			body_taken(stream, bytes, picture, context);
			at += bytes;
			left -= bytes;
			continue;
		}
		if (stream->in_boxes)
			take_box_byte(stream, *at);
		else if (*at == '\n')
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
