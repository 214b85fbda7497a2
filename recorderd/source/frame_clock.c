/* frame_clock.c - when a frame was captured and how many were lost before it. */
#include "recorderd/source/frame_clock.h"

#define AGE_MAX_US (5 * US_PER_S)
#define GAP_MAX    10000u /* frames; a stream that loses more is stalled */
#define LAG_MAX_US US_PER_S
#define STUCK_MAX  2u
#define LATE_MAX   16u /* more than a driver has buffers, which are all late after a pause of the event loop */

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

/* The driver's timestamp in microseconds; -1 if it is not of the monotonic clock, or is no time. */
static int64_t read_claim(const struct v4l2_buffer *buffer, mono_t now)
{
	bool monotonic = (buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	int64_t seconds = buffer->timestamp.tv_sec, rest_us = buffer->timestamp.tv_usec;

	/* The seconds may be any number, so they are checked before they are multiplied. */
	if (!monotonic || seconds < 0 || seconds > now.us / US_PER_S || rest_us < 0 || rest_us >= US_PER_S)
		return -1;
	return seconds * US_PER_S + rest_us;
}

static bool is_plausible(int64_t claimed_us, mono_t now)
{
	return claimed_us >= 0 && claimed_us >= now.us - AGE_MAX_US && claimed_us <= now.us;
}

static void check_claim(struct frame_clock *clock, int64_t claimed_us, mono_t now)
{
	int64_t age_us = now.us - claimed_us;
	bool first = clock->claimed_us == 0;

	clock->stuck = !first && claimed_us <= clock->claimed_us ? clock->stuck + 1 : 0;
	if (first || age_us < clock->least_age_us)
		clock->least_age_us = age_us;
	clock->late = age_us - clock->least_age_us > LAG_MAX_US ? clock->late + 1 : 0;
	clock->claimed_us = claimed_us;
	clock->distrusted = clock->stuck >= STUCK_MAX || clock->late >= LATE_MAX;
}

mono_t frame_clock_choose(struct frame_clock *clock, int64_t claimed_us, mono_t now)
{
	bool used = !clock->distrusted && is_plausible(claimed_us, now);

	if (used)
		check_claim(clock, claimed_us, now);
	return frame_clock_advance(clock, used && !clock->distrusted ? (mono_t){claimed_us} : now);
}

mono_t frame_clock_timestamp(struct frame_clock *clock, const struct v4l2_buffer *buffer, mono_t now)
{
	return frame_clock_choose(clock, read_claim(buffer, now), now);
}
