/* frame_rate.h - the measured frame rate, averaged over the most recent frames. */
#ifndef RECORDERD_CAPTURE_FRAME_RATE_H
#define RECORDERD_CAPTURE_FRAME_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define FRAME_RATE_WINDOW 128u

/* Zeroed: no frame yet. */
struct frame_rate {
	int64_t at_us[FRAME_RATE_WINDOW];
	size_t next, count;
};

static inline void frame_rate_add(struct frame_rate *rate, mono_t at)
{
	rate->at_us[rate->next] = at.us;
	rate->next = (rate->next + 1) % FRAME_RATE_WINDOW;
	if (rate->count < FRAME_RATE_WINDOW)
		rate->count++;
}

/* In frames per 1000 s. Falls towards 0 while no frame arrives. */
static inline uint32_t frame_rate_milli(const struct frame_rate *rate, mono_t now)
{
	size_t first = (rate->next + FRAME_RATE_WINDOW - rate->count) % FRAME_RATE_WINDOW;
	size_t last = (rate->next + FRAME_RATE_WINDOW - 1) % FRAME_RATE_WINDOW;
	int64_t intervals = (int64_t)rate->count - 1;

	if (intervals < 1)
		return 0;
	int64_t span_us = rate->at_us[last] - rate->at_us[first];
	int64_t interval_us = span_us / intervals;
	if (now.us - rate->at_us[last] > 2 * interval_us)
		span_us = now.us - rate->at_us[first];
	return span_us > 0 ? (uint32_t)(intervals * 1000 * US_PER_S / span_us) : 0;
}

#endif
