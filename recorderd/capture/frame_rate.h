/*
 * frame_rate.h - the rate at which frames really come, over the last ones.
 */
#ifndef RECORDERD_CAPTURE_FRAME_RATE_H
#define RECORDERD_CAPTURE_FRAME_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define RATE_FRAMES 128u

struct rate {
	int64_t at_us[RATE_FRAMES];
	size_t next, count;
};

static inline void rate_add(struct rate *rate, mono_t at)
{
	rate->at_us[rate->next] = at.us;
	rate->next = (rate->next + 1) % RATE_FRAMES;
	if (rate->count < RATE_FRAMES)
		rate->count++;
}

/* In 1/1000 frames a second; falls towards 0 while none comes. */
static inline uint32_t rate_milli(const struct rate *rate, mono_t now)
{
	size_t first = (rate->next + RATE_FRAMES - rate->count) % RATE_FRAMES;
	size_t last = (rate->next + RATE_FRAMES - 1) % RATE_FRAMES;
	int64_t span_us, frames = (int64_t)rate->count - 1, interval_us;

	if (frames < 1)
		return 0;
	span_us = rate->at_us[last] - rate->at_us[first];
	interval_us = span_us / frames;
	if (now.us - rate->at_us[last] > 2 * interval_us)
		span_us = now.us - rate->at_us[first];
	return span_us > 0 ? (uint32_t)(frames * 1000 * US_PER_S / span_us) : 0;
}

#endif
