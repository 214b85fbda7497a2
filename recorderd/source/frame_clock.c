/* frame_clock.c - when a frame was captured and how many were lost before it. */
#include "recorderd/source/frame_clock.h"

#define AGE_MAX_US (5 * US_PER_S)
#define GAP_MAX    10000u /* frames; a stream that loses more is stalled */

uint32_t frame_clock_count_lost(struct frame_clock *clock, uint32_t sequence)
{
	uint32_t missing = sequence - clock->sequence - 1; /* modulo 2^32 */
	bool plausible = clock->counting && missing <= GAP_MAX;

	clock->counting = true;
	clock->sequence = sequence;
	return plausible ? missing : 0;
}

mono_t frame_clock_advance(struct frame_clock *clock, mono_t at)
{
	if (at.us <= clock->last.us)
		at.us = clock->last.us + 1;
	clock->last = at;
	return at;
}

mono_t frame_clock_timestamp(struct frame_clock *clock, const struct v4l2_buffer *buffer, mono_t now)
{
	bool monotonic = (buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	int64_t oldest_us = now.us - AGE_MAX_US, seconds = buffer->timestamp.tv_sec,
		rest_us = buffer->timestamp.tv_usec;
	mono_t at = now;

	/* The seconds may be any number, so they are checked before they are multiplied. */
	if (monotonic && seconds >= 0 && seconds <= now.us / US_PER_S && rest_us >= 0 && rest_us < US_PER_S) {
		int64_t claimed_us = seconds * US_PER_S + rest_us;
		if (claimed_us >= oldest_us && claimed_us <= now.us)
			at.us = claimed_us;
	}
	return frame_clock_advance(clock, at);
}
