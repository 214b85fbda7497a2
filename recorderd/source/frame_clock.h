/* frame_clock.h - when a frame was captured, and how many were lost before it, from what the driver claims. Pure. */
#ifndef RECORDERD_SOURCE_FRAME_CLOCK_H
#define RECORDERD_SOURCE_FRAME_CLOCK_H

#include <stdbool.h>

#include <linux/videodev2.h>

#include "shared/base/clock.h"

/* Zeroed at the start of a stream. */
struct frame_clock {
	bool counting; /* `sequence` is that of the frame before */
	uint32_t sequence;
	mono_t last; /* the stamp before */
};

/*
 * Frames missing between the one before and this one. Follows the wrap-around of the 32 bits. 0 where the number stands
 * still (drivers that do not count), goes back or leaps (drivers that start over).
 */
uint32_t frame_clock_count_lost(struct frame_clock *clock, uint32_t sequence);

/*
 * The driver's stamp where it is of the monotonic clock and believable: not in the future, not older than some seconds.
 * Else `now`. Always later than the stamp before.
 */
mono_t frame_clock_timestamp(struct frame_clock *clock, const struct v4l2_buffer *buffer, mono_t now);

/* `at`, or 1 µs behind the stamp before. */
mono_t frame_clock_advance(struct frame_clock *clock, mono_t at);

#endif
