/*
 * frame_timeout.h - how long to wait for a frame before a camera is opened again.
 *
 * A camera that exposes for seconds, or a thermal or time-lapse camera, sends far fewer frames than it agreed to. If
 * opening it again brought no frame, the next wait is longer; once frames arrive, the wait follows their intervals.
 */
#ifndef RECORDERD_CAPTURE_FRAME_TIMEOUT_H
#define RECORDERD_CAPTURE_FRAME_TIMEOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define FRAME_TIMEOUT_FIRST_US    (5 * US_PER_S) /* for the first frame */
#define FRAME_TIMEOUT_MAX_US      (60 * US_PER_S)
#define FRAME_TIMEOUT_EXTERNAL_US (10 * US_PER_S) /* for the first frame of an external source, at most */
#define FRAME_TIMEOUT_SLOW_US     (2 * US_PER_S)  /* an interval from which on a camera counts as slow */

struct frame_timeout {
	int64_t first_us;    /* how long to wait for the first frame */
	int64_t next_us;     /* how long to wait for the next ones, at least, until there are three */
	int64_t interval_us; /* the longest of the last intervals; before the second frame, what the first one took */
	unsigned frames;     /* since it was opened, 3 at most */
	mono_t last;         /* the newest frame, or when it was opened */
};

static inline int64_t frame_timeout_clamp(int64_t us, int64_t min_us)
{
	if (us < min_us)
		return min_us;
	return us < FRAME_TIMEOUT_MAX_US ? us : FRAME_TIMEOUT_MAX_US;
}

/* A new camera, of which nothing is known. */
static inline void frame_timeout_init(struct frame_timeout *timeout)
{
	*timeout = (struct frame_timeout){.first_us = FRAME_TIMEOUT_FIRST_US};
}

static inline void frame_timeout_opened(struct frame_timeout *timeout, mono_t now)
{
	timeout->frames = 0;
	timeout->last = now;
}

static inline void frame_timeout_frame(struct frame_timeout *timeout, mono_t now)
{
	int64_t interval_us = now.us - timeout->last.us;
	/* A long interval is forgotten slowly, and the time of opening at once. */
	int64_t before_us = timeout->frames < 2 ? 0 : timeout->interval_us - timeout->interval_us / 8;

	timeout->interval_us = interval_us > before_us ? interval_us : before_us;
	if (timeout->frames == 0)
		timeout->first_us = frame_timeout_clamp(2 * interval_us, FRAME_TIMEOUT_FIRST_US);
	if (timeout->frames >= 2)
		timeout->next_us = 0;
	timeout->last = now;
	timeout->frames += timeout->frames < 3;
}

/* How long to wait after timeout->last; `negotiated_us` by the negotiated rate (source_info.stall_timeout_us). */
static inline int64_t frame_timeout_limit_us(const struct frame_timeout *timeout, int64_t negotiated_us)
{
	if (timeout->frames == 0)
		return timeout->first_us;
	int64_t limit_us = frame_timeout_clamp(timeout->interval_us * (timeout->frames < 3 ? 3 : 5), negotiated_us);
	if (limit_us < timeout->interval_us * 3 / 2)
		limit_us = timeout->interval_us * 3 / 2;
	return limit_us > timeout->next_us ? limit_us : timeout->next_us;
}

/* The camera was silent for longer than the limit, so opening it the last time brought nothing, or next to nothing. */
static inline void frame_timeout_grow(struct frame_timeout *timeout, int64_t negotiated_us)
{
	if (timeout->frames == 0)
		timeout->first_us = frame_timeout_clamp(timeout->first_us * 2, FRAME_TIMEOUT_FIRST_US);
	else if (timeout->frames < 3)
		timeout->next_us =
			frame_timeout_clamp(frame_timeout_limit_us(timeout, negotiated_us) * 2, negotiated_us);
}

/*
 * An external source that is started again is soon there if it can be at all, and a network camera that was off would
 * wait for as long as its program's requests take: it is asked again at least so often.
 */
static inline void frame_timeout_limit_first(struct frame_timeout *timeout)
{
	if (timeout->first_us > FRAME_TIMEOUT_EXTERNAL_US)
		timeout->first_us = FRAME_TIMEOUT_EXTERNAL_US;
}

/* It cannot grow any more. */
static inline bool frame_timeout_is_at_max(const struct frame_timeout *timeout)
{
	return timeout->first_us >= FRAME_TIMEOUT_MAX_US;
}

/* The interval if the camera is slow, else 0. */
static inline int64_t frame_timeout_slow_us(const struct frame_timeout *timeout, int64_t negotiated_us)
{
	bool is_slow = timeout->frames >= 3 && timeout->interval_us > FRAME_TIMEOUT_SLOW_US &&
		       timeout->interval_us > negotiated_us / 2;

	return is_slow ? timeout->interval_us : 0;
}

#endif
