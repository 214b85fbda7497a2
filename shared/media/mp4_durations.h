/*
 * mp4_durations.h - the table of a moov that says how long its samples are shown: stts (ISO/IEC 14496-12, 8.6.1.2).
 *
 * The table has one entry of 8 bytes for each run of samples of equal duration. The frames of a camera are never quite
 * equally long, so nearly every one would be a run of its own. If samples may be shown a little late, few runs are
 * left: each run is the longest one whose samples all begin in time.
 */
#ifndef SHARED_MEDIA_MP4_DURATIONS_H
#define SHARED_MEDIA_MP4_DURATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define MP4_DURATION_MAX ((uint64_t)INT32_MAX) /* ticks in the table; some players take more for a sign */

struct mp4_run {
	uint32_t count;
	uint32_t ticks; /* UINT32_MAX: the duration is the next one of `longs` */
};

/* All times are in ticks. A zeroed one is empty and exact. */
struct mp4_durations {
	uint64_t late_max; /* how much later than it begins a sample may be shown; set before the first one is added */
	struct mp4_run *runs;
	size_t count, capacity;
	uint64_t *longs; /* durations that do not fit in 32 bits */
	size_t long_count, long_capacity;
	uint64_t longest;
	uint64_t last; /* when the last sample begins */
	bool begun;    /* there is a sample */
	/* The run that is being made: sample number n of it is shown at base + n * d, for any d from `low` to `high`. */
	uint64_t base, steps, low, high;
	bool failed; /* memory was short */
};

void mp4_durations_free(struct mp4_durations *durations);

/* Adds a sample that the current run may not fit. */
void mp4_durations_add_slowly(struct mp4_durations *durations, uint64_t tick);

/* Adds a sample that begins at `tick`, which must not decrease. The first one is shown from 0 on. */
static inline void mp4_durations_add(struct mp4_durations *durations, uint64_t tick)
{
	uint64_t steps = durations->steps + 1, into = tick - durations->base;

	if (durations->steps == 0 || tick < durations->base || steps * durations->low < into ||
	    steps * durations->high > into + durations->late_max) {
		mp4_durations_add_slowly(durations, tick);
		return;
	}
	durations->steps = steps;
	durations->last = tick;
}

/* Ends the last sample at `end`, or when it is shown if that is later. Returns the end. Nothing can be added then. */
uint64_t mp4_durations_end(struct mp4_durations *durations, uint64_t end);

/* Appends the table, in units of `divisor` ticks. Beginnings are rounded, not durations, so errors do not add up. */
void mp4_put_stts(struct buffer *out, const struct mp4_durations *durations, uint32_t divisor);

/* Ticks in units of `divisor` ticks, rounded. */
static inline uint64_t mp4_ticks_scaled(uint64_t ticks, uint32_t divisor)
{
	return divisor == 1 ? ticks : (ticks + divisor / 2) / divisor;
}

#endif
