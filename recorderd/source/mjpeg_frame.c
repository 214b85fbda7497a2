/* mjpeg_frame.c - makes a complete JPEG out of what a camera sends as one. */
#include "recorderd/source/mjpeg_frame.h"

#include <assert.h>
#include <string.h>

#include "recorderd/source/jpeg.h"
#include "recorderd/source/jpeg_tables.h"

static_assert(JPEG_STRAYS_MAX + JPEG_STANDARD_TABLES + 3 <= SOURCE_PARTS_MAX, "a frame has room for all of its parts");

#define LEAD_BYTES_MAX 1024 /* what some cameras send before SOI; a picture that begins later has lost its beginning */

static void add_part(struct source_frame *frame, const uint8_t *data, size_t length)
{
	frame->parts[frame->count++] = (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = length};
}

/* Adds the bytes from `from` up to `end`, without those that are between segments. */
static void add_range(struct source_frame *frame, const uint8_t *data, size_t from, size_t end,
		      const struct jpeg_info *info)
{
	for (unsigned i = 0; i < info->stray_count; i++) {
		const struct jpeg_stray *stray = &info->strays[i];

		if (stray->at < from || stray->at >= end)
			continue;
		add_part(frame, data + from, stray->at - from);
		from = stray->at + stray->length;
	}
	add_part(frame, data + from, end - from);
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
	if (!info.header_valid)
		return DAMAGE_NOT_JPEG;
	if (info.two_fields)
		return DAMAGE_FIELDS;
	out->width = info.width;
	out->height = info.height;
	if (info.missing_tables) {
		add_range(out, start, 0, info.sos_at, &info);
		add_missing_tables(out, info.missing_tables);
		add_range(out, start, info.sos_at, info.length, &info);
	} else {
		add_range(out, start, 0, info.length, &info);
	}
	if (!info.has_end)
		add_part(out, end_marker, sizeof(end_marker));
	return DAMAGE_NONE;
}
