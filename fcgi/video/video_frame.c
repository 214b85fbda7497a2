/* video_frame.c - one frame of live video. Clause numbers are those of ISO/IEC 14496-12 and 14496-15. */
#include "fcgi/video/video_frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi/io/fastcgi.h"
#include "shared/base/big_endian.h"
#include "shared/base/clock.h"
#include "shared/media/mp4_box.h"
#include "shared/media/mp4_write.h"

#define VISUAL_ENTRY_BYTES 86u         /* of an avc1 before the boxes in it (12.1.3) */
#define NTP_OFFSET_S       2208988800u /* from 1900 to 1970 (RFC 5905) */
#define PRFT_CAPTURED      0x01000018u /* version 1; flags 24: the time at which the picture was captured (8.16.5) */
#define EVENT_VERSION      0x01000000u /* version 1, no flags */
#define US_TIMESCALE       1000000u

/* avcC of the sample entry (14496-15, 5.3.3.1): version, profile, constraints, level. */
static bool read_codecs(const struct mp4_init *track, char out[VIDEO_CODECS_BYTES])
{
	struct mp4_box box;

	for (size_t at = VISUAL_ENTRY_BYTES; mp4_box_header(track->entry, track->entry_bytes, at, &box) == MP4_OK;) {
		if (box.size > track->entry_bytes - at)
			return false;
		const uint8_t *avcc = track->entry + at + box.header_bytes;
		if (box.type == MP4_TYPE('a', 'v', 'c', 'C') && box.size - box.header_bytes >= 4) {
			snprintf(out, VIDEO_CODECS_BYTES, "avc1.%02x%02x%02x", avcc[1], avcc[2], avcc[3]);
			return true;
		}
		at += (size_t)box.size;
	}
	return false;
}

/* An ftyp and a moov, and nothing else. */
static bool parse_init(const uint8_t *data, size_t bytes, struct mp4_init *out)
{
	struct mp4_box ftyp, moov;

	if (mp4_box_header(data, bytes, 0, &ftyp) != MP4_OK || ftyp.type != MP4_TYPE('f', 't', 'y', 'p') ||
	    ftyp.size > bytes || mp4_box_header(data, bytes, (size_t)ftyp.size, &moov) != MP4_OK ||
	    moov.size != bytes - ftyp.size)
		return false;
	return mp4_parse_init(data + ftyp.size, (size_t)moov.size, out) && out->timescale == US_TIMESCALE &&
	       out->codec == MP4_TYPE('a', 'v', 'c', '1');
}

struct video_init *video_init_create(const struct video_parts *parts)
{
	struct mp4_init track;
	struct video_init *init = NULL;

	if (parts->init && parse_init(parts->init, parts->record.init_bytes, &track))
		init = calloc(1, sizeof(*init));
	if (!init)
		return NULL;
	init->refs = 1;
	init->track_id = track.track_id;
	init->width = track.width;
	init->height = track.height;
	if (read_codecs(&track, init->codecs))
		init->chunk = video_chunk_create(parts->init, parts->record.init_bytes);
	if (init->chunk)
		return init;
	free(init);
	return NULL;
}

struct video_init *video_init_ref(struct video_init *init)
{
	init->refs++;
	return init;
}

void video_init_unref(struct video_init *init)
{
	if (!init || --init->refs > 0)
		return;
	video_chunk_unref(init->chunk);
	free(init);
}

/* prft: track, time as NTP (seconds since 1900 and a 32-bit fraction), the time in the track. */
static void append_captured(struct buffer *out, uint32_t track_id, int64_t wall_us, int64_t time_us)
{
	size_t at = mp4_full_box_begin(out, MP4_TYPE('p', 'r', 'f', 't'), PRFT_CAPTURED);
	uint64_t us = wall_us > 0 ? (uint64_t)wall_us : 0;

	buffer_u32(out, track_id);
	buffer_u32(out, (uint32_t)(us / US_TIMESCALE + NTP_OFFSET_S));
	buffer_u32(out, (uint32_t)((us % US_TIMESCALE << 32) / US_TIMESCALE));
	buffer_u64(out, (uint64_t)time_us);
	mp4_box_end(out, at);
}

void video_append_event(struct buffer *out, const char *value, int64_t time_us)
{
	size_t at = mp4_full_box_begin(out, MP4_TYPE('e', 'm', 's', 'g'), EVENT_VERSION);

	buffer_u32(out, US_TIMESCALE);
	buffer_u64(out, (uint64_t)time_us);
	buffer_u32(out, 0); /* duration */
	buffer_u32(out, 0); /* id */
	buffer_append(out, VIDEO_EVENT_SCHEME, sizeof(VIDEO_EVENT_SCHEME));
	buffer_append(out, value, strlen(value) + 1);
	mp4_box_end(out, at);
}

/* The fragment with its new number and time; after its wall time if it is a key frame. */
static bool make_chunk(struct video_frame *frame, const struct video_parts *parts, const struct mp4_fragment *fragment)
{
	struct buffer out = {0};

	if (frame->key)
		append_captured(&out, frame->init->track_id, frame->wall_us, frame->time_us);
	size_t at = out.length;
	buffer_append(&out, parts->fragment, parts->fragment_bytes);
	if (!out.failed &&
	    mp4_rewrite_fragment(out.data + at, fragment, (uint32_t)frame->serial, (uint64_t)frame->time_us))
		frame->chunk = video_chunk_create(out.data, out.length);
	/* The boxes before the mdat are much smaller than a record. */
	if (fragment->duration_at && at + parts->record.moof_bytes < FASTCGI_RECORD_MAX)
		frame->duration_at = FASTCGI_HEADER_BYTES + at + fragment->duration_at;
	buffer_free(&out);
	return frame->chunk != NULL;
}

static bool parse_fragment(const struct video_parts *parts, struct mp4_fragment *out)
{
	struct mp4_box mdat;
	size_t moof_bytes = parts->record.moof_bytes;

	return mp4_parse_fragment(parts->fragment, moof_bytes, out) &&
	       mp4_box_header(parts->fragment, parts->fragment_bytes, moof_bytes, &mdat) == MP4_OK &&
	       mdat.type == MP4_TYPE('m', 'd', 'a', 't') && mdat.size == parts->record.mdat_bytes &&
	       out->data_offset == moof_bytes + mdat.header_bytes && out->size == mdat.size - mdat.header_bytes &&
	       out->key == (parts->init != NULL);
}

struct video_frame *video_frame_create(const struct video_parts *parts, const struct ring_meta *meta,
				       const struct video_frame_spec *spec)
{
	struct mp4_fragment fragment;
	struct video_frame *frame = parse_fragment(parts, &fragment) ? calloc(1, sizeof(*frame)) : NULL;

	if (!frame)
		return NULL;
	*frame = (struct video_frame){
		.refs = 1,
		.init = video_init_ref(spec->init),
		.serial = spec->serial,
		.wall_us = meta->wall_us,
		.mono_us = meta->mono_us,
		.time_us = spec->time_us,
		.duration_us = fragment.duration,
		.key = fragment.key,
	};
	if (make_chunk(frame, parts, &fragment))
		return frame;
	video_frame_unref(frame);
	return NULL;
}

struct video_chunk *video_frame_lasting(struct video_frame *frame)
{
	const struct video_chunk *chunk = frame->chunk;

	if (frame->lasting)
		return frame->lasting;
	if (!frame->duration_at)
		return frame->chunk;
	frame->lasting = malloc(sizeof(*chunk) + chunk->wire_bytes);
	if (!frame->lasting)
		return NULL;
	memcpy(frame->lasting, chunk, sizeof(*chunk) + chunk->wire_bytes);
	frame->lasting->refs = 1;
	be32_put(frame->lasting->wire + frame->duration_at, (uint32_t)US_PER_S);
	return frame->lasting;
}

struct video_frame *video_frame_ref(struct video_frame *frame)
{
	frame->refs++;
	return frame;
}

void video_frame_unref(struct video_frame *frame)
{
	if (!frame || --frame->refs > 0)
		return;
	video_init_unref(frame->init);
	video_chunk_unref(frame->chunk);
	video_chunk_unref(frame->group);
	video_chunk_unref(frame->lasting);
	free(frame);
}
