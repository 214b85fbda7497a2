/*
 * frames.h - a file of numbered camera frames, which make_frames writes and the preloaded camera plays.
 *
 * In the machine's byte order: struct frames_header, `count` × struct frames_entry, and the frames' bytes. All frames
 * have one size and one pixel format (V4L2's fourcc: MJPG or YUYV).
 *
 * The number is in the picture as 32 squares in two rows of 16 over the whole width, each height / 9 lines high, black
 * for 0 and white for 1, most significant bit first: 24 bits of the number and 8 of frames_check(), which reveals a
 * misread number.
 */
#ifndef TESTS_TOOLS_FRAMES_H
#define TESTS_TOOLS_FRAMES_H

#include <stdint.h>

/* A comment near the beginning of a JPEG, where the preloaded camera notes the capture time (CONTROL_STAMP). */
#define FRAMES_STAMP      "taken_us="
#define FRAMES_NO_TIME    "0000000000000000"
#define FRAMES_TIME_CHARS 16

#define FRAMES_MAGIC UINT64_C(0x314d415246524353) /* "SCRFRAM1" */

struct frames_header {
	uint64_t magic;
	uint32_t width, height;
	uint32_t fourcc;
	uint32_t count;
};

struct frames_entry {
	uint64_t offset;
	uint64_t length;
};

static inline uint32_t frames_check(uint32_t number)
{
	return (number * UINT32_C(0x9e3779b1)) >> 24;
}

#endif
