/*
 * ivf.h - writes IVF, the format in which FFmpeg gets JPEGs.
 *
 * A file has a header of 32 bytes, then for each frame a u32 size, a u64 timestamp and the data, all little-endian. The
 * format is defined by the programs that read it (FFmpeg's libavformat/ivfdec.c). Here the fourcc is MJPG and the time
 * base one microsecond.
 */
#ifndef SHARED_MEDIA_IVF_H
#define SHARED_MEDIA_IVF_H

#include <stdint.h>

#define IVF_HEADER_BYTES 32
#define IVF_FRAME_BYTES  12

/* `width` and `height` in pixels. */
void ivf_file_header(uint8_t out[IVF_HEADER_BYTES], uint16_t width, uint16_t height);

/* The header of a frame of `bytes` bytes. */
void ivf_frame_header(uint8_t out[IVF_FRAME_BYTES], uint32_t bytes, int64_t pts_us);

#endif
