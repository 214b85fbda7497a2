/*
 * mp4_box.h - parses the boxes that FFmpeg writes (ISO/IEC 14496-12; avcC: ISO/IEC 14496-15).
 *
 * The bytes are not trusted: nothing outside of data[0 .. length) is read, and every size is checked before it is used.
 */
#ifndef SHARED_MEDIA_MP4_BOX_H
#define SHARED_MEDIA_MP4_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MP4_TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define MP4_ENTRY_MAX        4096

struct mp4_box {
	uint32_t type;
	uint32_t header_bytes; /* 8 or 16 */
	uint64_t at;           /* offset of the box in data */
	uint64_t size;         /* including the header */
};

enum mp4_outcome {
	MP4_OK,
	MP4_INCOMPLETE, /* the data ends within the header */
	MP4_INVALID,    /* the size is smaller than the header, or 0 (up to the end of the file) */
};

/* Parses the header of the box at `at`. The rest of the box need not be there. */
enum mp4_outcome mp4_box_header(const uint8_t *data, size_t length, size_t at, struct mp4_box *out);

/* What a moov without samples (an init segment) says about its only track, a video track. */
struct mp4_init {
	uint32_t timescale; /* of mdhd */
	uint32_t track_id;
	uint16_t width, height;
	uint32_t codec;       /* type of the sample entry: avc1, mp4v (JPEG: objectTypeIndication 0x6c), jpeg, … */
	const uint8_t *entry; /* the whole sample entry of stsd, inside data */
	uint32_t entry_bytes; /* at most MP4_ENTRY_MAX */
};

/* `data` is a whole moov box. Returns false unless it has exactly one track, of video, with one sample entry. */
bool mp4_parse_init(const uint8_t *data, size_t length, struct mp4_init *out);

/* A fragment with one sample. Offsets count from the start of the moof. */
struct mp4_fragment {
	uint64_t decode_time;    /* tfdt */
	uint32_t duration;       /* of the sample, in the track's timescale */
	uint32_t size;           /* of the sample */
	bool key;                /* a sync sample */
	uint32_t data_offset;    /* of the sample; the size of the moof + 8 if the mdat follows at once */
	uint32_t sequence_at;    /* offset of mfhd's sequence_number (u32) */
	uint32_t decode_time_at; /* offset of tfdt's value */
	uint32_t flags_at;       /* offset of the sample's flags (u32, in tfhd or trun) */
	uint32_t duration_at;    /* offset of the duration (u32, in tfhd or trun); 0: it is elsewhere */
	bool decode_time_is_64;
};

/* `data` is a whole moof. Returns false unless it has one track run of one sample, with default-base-is-moof. */
bool mp4_parse_fragment(const uint8_t *data, size_t length, struct mp4_fragment *out);

/* Changes sequence number and decode time in place. Returns false if a 32-bit tfdt cannot hold the time. */
bool mp4_rewrite_fragment(uint8_t *data, const struct mp4_fragment *fragment, uint32_t sequence, uint64_t decode_time);

#endif
