/* jpeg_splitter.c - finds the JPEGs in what a camera's program or a network camera sends. */
#include "source/jpeg_splitter.h"

#include <string.h>

#include "shared/source/source_socket.h"

/* The second byte of markers (T.81, table B.1) */
#define TEM  0x01
#define RST0 0xd0
#define RST7 0xd7
#define SOI  0xd8
#define EOI  0xd9
#define SOS  0xda

#define START_BYTES 3

enum step { STEP_ON, STEP_MORE, STEP_END, STEP_BROKEN };

static const uint8_t *find_start(const uint8_t *data, size_t from, size_t length)
{
	return from < length ? memmem(data + from, length - from, "\xff\xd8\xff", START_BYTES) : NULL;
}

/* What a start that is not complete yet needs of the end of the data. */
static size_t keep_from(size_t from, size_t length)
{
	return length - from < START_BYTES ? from : length - (START_BYTES - 1);
}

static bool is_restart(uint8_t code)
{
	return code >= RST0 && code <= RST7;
}

/* At a marker: follows its segment. At the end of the picture, `at` is behind it. */
static enum step follow_segment(struct jpeg_splitter *splitter, const uint8_t *data, size_t length)
{
	while (length - splitter->at >= 2 && data[splitter->at] == 0xff && data[splitter->at + 1] == 0xff)
		splitter->at++; /* fill bytes */
	if (length - splitter->at < 2)
		return STEP_MORE;
	if (data[splitter->at] != 0xff || data[splitter->at + 1] == 0)
		return STEP_BROKEN;
	uint8_t code = data[splitter->at + 1];
	if (code == SOI) /* of the next picture: this one has no EOI */
		return STEP_END;
	if (code == EOI || code == TEM || is_restart(code)) {
		splitter->at += 2;
		return code == EOI ? STEP_END : STEP_ON;
	}
	if (length - splitter->at < 4)
		return STEP_MORE;
	size_t bytes = (size_t)data[splitter->at + 2] << 8 | data[splitter->at + 3];
	if (bytes < 2)
		return STEP_BROKEN;
	if (length - splitter->at - 2 < bytes)
		return STEP_MORE;
	splitter->at += 2 + bytes;
	splitter->in_scan = code == SOS;
	return STEP_ON;
}

/* Within entropy-coded data: skips it up to the next marker. */
static enum step skip_scan(struct jpeg_splitter *splitter, const uint8_t *data, size_t length)
{
	const uint8_t *found = memchr(data + splitter->at, 0xff, length - splitter->at);

	splitter->at = found ? (size_t)(found - data) : length;
	if (length - splitter->at < 2)
		return STEP_MORE;
	uint8_t code = data[splitter->at + 1];
	if (code == 0 || is_restart(code))
		splitter->at += 2;
	else if (code == 0xff)
		splitter->at++;
	else
		splitter->in_scan = false;
	return STEP_ON;
}

static enum step skip_broken(struct jpeg_splitter *splitter, const uint8_t *data, size_t length)
{
	const uint8_t *next = find_start(data, splitter->at, length);

	splitter->at = next ? (size_t)(next - data) : keep_from(splitter->at, length);
	return next ? STEP_END : STEP_MORE;
}

static bool start(struct jpeg_splitter *splitter, const uint8_t *data, size_t length)
{
	const uint8_t *found = find_start(data, splitter->at, length);

	splitter->at = found ? (size_t)(found - data) : keep_from(splitter->at, length);
	if (!found)
		return false;
	splitter->started = true;
	splitter->begin = splitter->at;
	splitter->at += 2;
	return true;
}

static enum step advance(struct jpeg_splitter *splitter, const uint8_t *data, size_t length)
{
	if (splitter->is_broken)
		return skip_broken(splitter, data, length);
	if (splitter->in_scan)
		return skip_scan(splitter, data, length);
	return follow_segment(splitter, data, length);
}

enum jpeg_splitter_outcome jpeg_splitter_next(struct jpeg_splitter *splitter, const uint8_t *data, size_t length,
					      struct jpeg_part *out)
{
	enum step step = STEP_ON;

	if (!splitter->started && !start(splitter, data, length))
		return splitter->at > JPEG_SPLITTER_JUNK_MAX ? JPEG_SPLITTER_JUNK : JPEG_SPLITTER_MORE;
	while (step == STEP_ON) {
		step = advance(splitter, data, length);
		if (step == STEP_BROKEN) {
			splitter->is_broken = true;
			step = STEP_ON;
		}
	}
	if (splitter->at - splitter->begin > SOURCE_PICTURE_MAX || splitter->begin > JPEG_SPLITTER_JUNK_MAX)
		return JPEG_SPLITTER_JUNK;
	if (step == STEP_MORE)
		return JPEG_SPLITTER_MORE;
	*out = (struct jpeg_part){splitter->begin, splitter->at - splitter->begin};
	*splitter = (struct jpeg_splitter){0};
	return JPEG_SPLITTER_PICTURE;
}
