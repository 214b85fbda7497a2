/* frame_clock.h - when a frame was captured and how many were lost before it, as the driver reports it. Pure. */
#ifndef RECORDERD_SOURCE_FRAME_CLOCK_H
#define RECORDERD_SOURCE_FRAME_CLOCK_H

#include <stdbool.h>

#include <linux/videodev2.h>

#include "shared/base/clock.h"

/* Zeroed at the start of a stream. */
struct frame_clock {
	bool counting; /* `sequence` is that of the previous frame */
	uint32_t sequence;
	mono_t last; /* the previous timestamp */

	bool distrusted; /* the driver's timestamps do not follow the clock: the time of arrival is used */
	int64_t claimed_us, least_age_us; /* the driver's previous timestamp, and the least age of one; 0: none yet */
	unsigned stuck, late;             /* frames in a row whose timestamp did not advance, or lagged behind */
};

/*
 * The number of frames missing between the previous one and this one. Handles the wrap-around of the 32 bits. Returns 0
 * if the number does not change (the driver does not count), decreases or jumps (the driver restarted).
 */
uint32_t frame_clock_count_lost(struct frame_clock *clock, uint32_t sequence);

/*
 * The driver's timestamp if it is of the monotonic clock and plausible: not in the future, and at most some seconds
 * old. Otherwise `now`. Always later than the previous one.
 *
 * From the third of three timestamps on that do not advance, and from the 16th in a row that lags a second more than
 * the best did, the driver's are ignored for the rest of the stream: they would put its frames within microseconds.
 */
mono_t frame_clock_timestamp(struct frame_clock *clock, const struct v4l2_buffer *buffer, mono_t now);

/* The same for a timestamp that is not the driver's: of CLOCK_MONOTONIC, in µs. It is not trusted either. */
mono_t frame_clock_choose(struct frame_clock *clock, int64_t claimed_us, mono_t now);

/* `at`, or 1 µs after the previous timestamp if that is later. */
mono_t frame_clock_advance(struct frame_clock *clock, mono_t at);

#endif
