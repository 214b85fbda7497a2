/* ivf.c - writes IVF, the format in which FFmpeg gets JPEGs. */
#include "shared/media/ivf.h"

#include <string.h>

#define TICKS_PER_SECOND 1000000

static void put_le(uint8_t *at, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* Bytes 4 and 5 are the version, 0. From byte 24 on is the number of frames, which is not known yet. */
void ivf_file_header(uint8_t out[IVF_HEADER_BYTES], uint16_t width, uint16_t height)
{
	memset(out, 0, IVF_HEADER_BYTES);
	memcpy(out, "DKIF", 4);
	put_le(out + 6, IVF_HEADER_BYTES, 2);
	memcpy(out + 8, "MJPG", 4);
	put_le(out + 12, width, 2);
	put_le(out + 14, height, 2);
	put_le(out + 16, TICKS_PER_SECOND, 4);
	put_le(out + 20, 1, 4);
}

void ivf_frame_header(uint8_t out[IVF_FRAME_BYTES], uint32_t bytes, int64_t pts_us)
{
	put_le(out, bytes, 4);
	put_le(out + 4, (uint64_t)pts_us, 8);
}
