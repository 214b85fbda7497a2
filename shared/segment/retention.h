/*
 * retention.h - how long footage may be shown: for retention.hours, counted from its own time.
 *
 * These functions are for what is derived from recordings: cached clips, frames in memory, and how long clients may
 * cache an answer. The recordings themselves are deleted by more than one clock (recorderd/archive/archive_age.c).
 */
#ifndef SHARED_SEGMENT_RETENTION_H
#define SHARED_SEGMENT_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define RETENTION_EARLIEST_US (INT64_C(1767225600) * US_PER_S) /* 2026-01-01: older than any recorder */
#define RETENTION_SLACK_US    (3600 * US_PER_S)                /* by how much a time may be in the future */

/* Microseconds for which footage of `from_us` may still be shown. Negative: not any more; INT64_MAX: without a limit,
 * since hours is 0. */
static inline int64_t retention_remaining_us(double hours, int64_t from_us, int64_t now_us)
{
	double left_us = hours * 3600e6 + (double)(from_us - now_us);

	return hours <= 0 || left_us >= (double)CLOCK_MAX_US ? INT64_MAX : (int64_t)left_us;
}

static inline bool retention_is_expired(double hours, int64_t from_us, int64_t now_us)
{
	return retention_remaining_us(hours, from_us, now_us) < 0;
}

/* True if the footage is from the future by the clock of now. Then nobody knows how long it may be shown. */
static inline bool retention_is_future(double hours, int64_t from_us, int64_t now_us)
{
	return hours > 0 && from_us - RETENTION_SLACK_US > now_us;
}

#endif
