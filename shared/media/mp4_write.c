/* mp4_write.c - writes boxes. Clause numbers are those of ISO/IEC 14496-12. */
#include "shared/media/mp4_write.h"

#include <stdbool.h>

#include "shared/media/mp4_box.h"

#define TRACK_ID     1u
#define UNDETERMINED 0x55c4u /* the language code `und` (8.4.2.3) */

size_t mp4_box_begin(struct buffer *out, uint32_t type)
{
	size_t at = out->length;

	buffer_u32(out, 0);
	buffer_u32(out, type);
	return at;
}

size_t mp4_full_box_begin(struct buffer *out, uint32_t type, uint32_t version_and_flags)
{
	size_t at = mp4_box_begin(out, type);

	buffer_u32(out, version_and_flags);
	return at;
}

void mp4_box_end(struct buffer *out, size_t at)
{
	if (out->length - at > UINT32_MAX)
		out->failed = true;
	buffer_set_u32(out, at, (uint32_t)(out->length - at));
}

static void zeros(struct buffer *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_u8(out, 0);
}

/* Version 1 has times of 8 bytes, which the year 2040 and clips of more than 13 hours at 90 kHz need. */
static bool needs_version_1(const struct mp4_times *times)
{
	return times->created > UINT32_MAX || times->duration > UINT32_MAX;
}

static uint32_t times_version(const struct mp4_times *times)
{
	return needs_version_1(times) ? 1u << 24 : 0;
}

static void put_time(struct buffer *out, const struct mp4_times *times, uint64_t value)
{
	if (needs_version_1(times))
		buffer_u64(out, value);
	else
		buffer_u32(out, (uint32_t)value);
}

/* The times of creation and modification. */
static void put_created(struct buffer *out, const struct mp4_times *times)
{
	put_time(out, times, times->created);
	put_time(out, times, times->created);
}

static void put_unity_matrix(struct buffer *out)
{
	static const uint32_t matrix[9] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};

	for (size_t i = 0; i < 9; i++)
		buffer_u32(out, matrix[i]);
}

void mp4_put_mvhd(struct buffer *out, const struct mp4_times *times)
{
	size_t mvhd = mp4_full_box_begin(out, MP4_TYPE('m', 'v', 'h', 'd'), times_version(times));

	put_created(out, times);
	buffer_u32(out, times->timescale);
	put_time(out, times, times->duration);
	buffer_u32(out, 0x10000); /* rate 1.0 */
	buffer_u16(out, 0x100);   /* volume 1.0 */
	zeros(out, 10);
	put_unity_matrix(out);
	zeros(out, 24);
	buffer_u32(out, TRACK_ID + 1); /* next_track_ID */
	mp4_box_end(out, mvhd);
}

void mp4_put_tkhd(struct buffer *out, const struct mp4_times *times, uint16_t width, uint16_t height)
{
	/* Flags: track_enabled and track_in_movie. */
	size_t tkhd = mp4_full_box_begin(out, MP4_TYPE('t', 'k', 'h', 'd'), times_version(times) | 3);

	put_created(out, times);
	buffer_u32(out, TRACK_ID);
	buffer_u32(out, 0);
	put_time(out, times, times->duration);
	zeros(out, 16); /* reserved, layer, alternate_group, volume */
	put_unity_matrix(out);
	buffer_u32(out, (uint32_t)width << 16);
	buffer_u32(out, (uint32_t)height << 16);
	mp4_box_end(out, tkhd);
}

void mp4_put_mdhd(struct buffer *out, const struct mp4_times *times)
{
	size_t mdhd = mp4_full_box_begin(out, MP4_TYPE('m', 'd', 'h', 'd'), times_version(times));

	put_created(out, times);
	buffer_u32(out, times->timescale);
	put_time(out, times, times->duration);
	buffer_u16(out, UNDETERMINED);
	buffer_u16(out, 0);
	mp4_box_end(out, mdhd);
}

void mp4_put_hdlr(struct buffer *out)
{
	static const char name[] = "VideoHandler";
	size_t hdlr = mp4_full_box_begin(out, MP4_TYPE('h', 'd', 'l', 'r'), 0);

	buffer_u32(out, 0);
	buffer_u32(out, MP4_TYPE('v', 'i', 'd', 'e'));
	zeros(out, 12);
	buffer_append(out, name, sizeof(name));
	mp4_box_end(out, hdlr);
}

/* One data reference, to this file. */
void mp4_put_dinf(struct buffer *out)
{
	size_t dinf = mp4_box_begin(out, MP4_TYPE('d', 'i', 'n', 'f'));
	size_t dref = mp4_full_box_begin(out, MP4_TYPE('d', 'r', 'e', 'f'), 0);

	buffer_u32(out, 1);
	mp4_box_end(out, mp4_full_box_begin(out, MP4_TYPE('u', 'r', 'l', ' '), 1));
	mp4_box_end(out, dref);
	mp4_box_end(out, dinf);
}

void mp4_put_vmhd(struct buffer *out)
{
	size_t vmhd = mp4_full_box_begin(out, MP4_TYPE('v', 'm', 'h', 'd'), 1);

	zeros(out, 8);
	mp4_box_end(out, vmhd);
}
