/*
 * mp4_write.h - writes boxes (ISO/IEC 14496-12), and those parts of a moov that do not depend on its samples.
 *
 * The moov has one track, of video. All functions append to the buffer, which is marked `failed` if memory is short.
 */
#ifndef SHARED_MEDIA_MP4_WRITE_H
#define SHARED_MEDIA_MP4_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"

/* Begins a box and returns its offset. mp4_box_end() fills in its size. */
size_t mp4_box_begin(struct buffer *out, uint32_t type);
size_t mp4_full_box_begin(struct buffer *out, uint32_t type, uint32_t version_and_flags);
void mp4_box_end(struct buffer *out, size_t at);

struct mp4_times {
	uint64_t created;  /* seconds since 1904 */
	uint64_t duration; /* in ticks of `timescale`, which both movie and track use */
	uint32_t timescale;
};

void mp4_put_mvhd(struct buffer *out, const struct mp4_times *times);
void mp4_put_tkhd(struct buffer *out, const struct mp4_times *times, uint16_t width, uint16_t height);
void mp4_put_mdhd(struct buffer *out, const struct mp4_times *times);
void mp4_put_hdlr(struct buffer *out);
void mp4_put_vmhd(struct buffer *out);
void mp4_put_dinf(struct buffer *out);

#endif
