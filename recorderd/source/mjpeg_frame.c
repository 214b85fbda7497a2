/* mjpeg_frame.c - makes a complete JPEG out of what a camera sends as one. */
#include "recorderd/source/mjpeg_frame.h"

#include <string.h>

#include "recorderd/source/jpeg.h"
#include "recorderd/source/jpeg_tables.h"

#define LEAD_BYTES_MAX 1024 /* what some cameras send before SOI; a picture that begins later has lost its beginning */

static void add_part(struct source_frame *frame, const uint8_t *data, size_t length)
{
	frame->parts[frame->count++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = length};
}

static void add_missing_tables(struct source_frame *frame, unsigned missing)
{
	for (unsigned i = 0; i < JPEG_STANDARD_TABLES; i++) {
		size_t length;
		const uint8_t *dht = jpeg_standard_dht(i, &length);

		if (missing & 1u << i)
			add_part(frame, dht, length);
	}
}

/* SOI and the marker after it; NULL if there is none near the start. */
static const uint8_t *find_start(const uint8_t *data, size_t length)
{
	return memmem(data, length < LEAD_BYTES_MAX ? length : LEAD_BYTES_MAX, "\xff\xd8\xff", 3);
}

enum frame_damage mjpeg_frame_prepare(const uint8_t *data, size_t length, struct source_frame *out)
{
	static const uint8_t end_marker[] = {0xff, 0xd9};
	const uint8_t *start = find_start(data, length);
	struct jpeg_info info;

	*out = (struct source_frame){0};
	if (!start)
		return DAMAGE_NOT_JPEG;
	if (!jpeg_inspect(start, length - (size_t)(start - data), &info))
		return info.sos_at ? DAMAGE_TRUNCATED : DAMAGE_NOT_JPEG;
	if (info.two_fields)
		return DAMAGE_FIELDS;
	out->width = info.width;
	out->height = info.height;
	if (info.missing_tables) {
		add_part(out, start, info.sos_at);
		add_missing_tables(out, info.missing_tables);
		add_part(out, start + info.sos_at, info.length - info.sos_at);
	} else {
		add_part(out, start, info.length);
	}
	if (!info.has_end)
		add_part(out, end_marker, sizeof(end_marker));
	return DAMAGE_NONE;
}
