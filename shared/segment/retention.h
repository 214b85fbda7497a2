/*
 * retention.h - how long footage may be shown: retention.hours from its own time on. recorderd deletes recordings by
 * more than one clock (recorderd/archive/archive_age.c); what is said here holds for what is derived from them: cached
 * clips, frames in memory, and how long clients may keep an answer.
 */
#ifndef SHARED_SEGMENT_RETENTION_H
#define SHARED_SEGMENT_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define RETENTION_EARLIEST_US (INT64_C(1767225600) * US_PER_S) /* 2026-01-01: no recorder is older */
#define RETENTION_SLACK_US    (3600 * US_PER_S) /* a clock that was set back by less is no reason to doubt a time */

/* Microseconds that footage of `from_us` still has; negative: none, INT64_MAX: there is no limit (hours is 0). */
static inline int64_t retention_remaining_us(double hours, int64_t from_us, int64_t now_us)
{
	double left_us = hours * 3600e6 + (double)(from_us - now_us);

	return hours <= 0 || left_us >= (double)CLOCK_MAX_US ? INT64_MAX : (int64_t)left_us;
}

static inline bool retention_is_expired(double hours, int64_t from_us, int64_t now_us)
{
	return retention_remaining_us(hours, from_us, now_us) < 0;
}

/* True where nobody can say how long it has: by the clock of now it was not taken yet. */
static inline bool retention_is_future(double hours, int64_t from_us, int64_t now_us)
{
	return hours > 0 && from_us - RETENTION_SLACK_US > now_us;
}

#endif
