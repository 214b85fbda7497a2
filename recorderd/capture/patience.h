/*
 * patience.h - how long to wait for a frame before a camera is opened again.
 *
 * A camera that exposes for seconds, or a thermal or time-lapse camera, sends far fewer frames than it agreed to. If
 * opening it again brought no frame, the next wait is longer; once frames arrive, the wait follows their intervals.
 */
#ifndef RECORDERD_CAPTURE_PATIENCE_H
#define RECORDERD_CAPTURE_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define PATIENCE_FIRST_US (5 * US_PER_S) /* for the first frame */
#define PATIENCE_MAX_US   (60 * US_PER_S)
#define PATIENCE_SLOW_US  (2 * US_PER_S) /* an interval from which on a camera counts as slow */

struct patience {
	int64_t first_us;    /* how long to wait for the first frame */
	int64_t next_us;     /* how long to wait for the next ones, at least, until there are three */
	int64_t interval_us; /* the longest of the last intervals; before the second frame, how long the first one took */
	unsigned frames;     /* since it was opened, 3 at most */
	mono_t last;         /* the newest frame, or when it was opened */
};

static inline int64_t patience_clamp(int64_t us, int64_t min_us)
{
	if (us < min_us)
		return min_us;
	return us < PATIENCE_MAX_US ? us : PATIENCE_MAX_US;
}

/* A new camera, of which nothing is known. */
static inline void patience_init(struct patience *patience)
{
	*patience = (struct patience){.first_us = PATIENCE_FIRST_US};
}

static inline void patience_opened(struct patience *patience, mono_t now)
{
	patience->frames = 0;
	patience->last = now;
}

static inline void patience_frame(struct patience *patience, mono_t now)
{
	int64_t interval_us = now.us - patience->last.us;
	/* A long interval is forgotten slowly, and the time of opening at once. */
	int64_t before_us = patience->frames < 2 ? 0 : patience->interval_us - patience->interval_us / 8;

	patience->interval_us = interval_us > before_us ? interval_us : before_us;
	if (patience->frames == 0)
		patience->first_us = patience_clamp(2 * interval_us, PATIENCE_FIRST_US);
	if (patience->frames >= 2)
		patience->next_us = 0;
	patience->last = now;
	patience->frames += patience->frames < 3;
}

/* How long to wait after patience->last; `negotiated_us` by the negotiated rate (source_info.stall_timeout_us). */
static inline int64_t patience_limit_us(const struct patience *patience, int64_t negotiated_us)
{
	if (patience->frames == 0)
		return patience->first_us;
	int64_t limit_us = patience_clamp(patience->interval_us * (patience->frames < 3 ? 3 : 5), negotiated_us);
	if (limit_us < patience->interval_us * 3 / 2)
		limit_us = patience->interval_us * 3 / 2;
	return limit_us > patience->next_us ? limit_us : patience->next_us;
}

/* The camera was silent for longer than the limit, so opening it the last time brought nothing, or next to nothing. */
static inline void patience_grow(struct patience *patience, int64_t negotiated_us)
{
	if (patience->frames == 0)
		patience->first_us = patience_clamp(patience->first_us * 2, PATIENCE_FIRST_US);
	else if (patience->frames < 3)
		patience->next_us = patience_clamp(patience_limit_us(patience, negotiated_us) * 2, negotiated_us);
}

/* It cannot grow any more. */
static inline bool patience_is_at_max(const struct patience *patience)
{
	return patience->first_us >= PATIENCE_MAX_US;
}

/* The interval if the camera is slow, else 0. */
static inline int64_t patience_slow_us(const struct patience *patience, int64_t negotiated_us)
{
	bool is_slow = patience->frames >= 3 && patience->interval_us > PATIENCE_SLOW_US &&
		       patience->interval_us > negotiated_us / 2;

	return is_slow ? patience->interval_us : 0;
}

#endif
