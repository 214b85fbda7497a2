/* backoff.h - waits that double after each failure, up to a limit. */
#ifndef SHARED_BASE_BACKOFF_H
#define SHARED_BASE_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t min_us, max_us; /* the shortest and the longest wait */
	int64_t wait_us;        /* the next one */
};

#define BACKOFF(min, max) ((struct backoff){(min), (max), (min)})

/* After success: the next wait is the shortest one. */
static inline void backoff_reset(struct backoff *backoff)
{
	backoff->wait_us = backoff->min_us;
}

/* After a failure: returns how long to wait, and doubles the next wait. */
static inline int64_t backoff_next(struct backoff *backoff)
{
	int64_t wait_us = backoff->wait_us;

	backoff->wait_us = wait_us < backoff->max_us / 2 ? wait_us * 2 : backoff->max_us;
	return wait_us;
}

#endif
