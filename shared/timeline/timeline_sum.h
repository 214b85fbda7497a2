/*
 * timeline_sum.h - how much of a range of wall time was recorded, and what is missing for which reason.
 */
#ifndef SHARED_TIMELINE_TIMELINE_SUM_H
#define SHARED_TIMELINE_TIMELINE_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ring/state.h"
#include "shared/timeline/timeline_walk.h"

/*
 * If nothing is being recorded, what is missing counts from the newest footage on, once that is this old. While
 * recording goes on, footage that is younger than TIMELINE_COMING_US is on its way to the disk.
 */
#define TIMELINE_STOPPED_US INT64_C(2000000)
#define TIMELINE_COMING_US  INT64_C(10000000)

struct timeline_cause_sum {
	uint32_t gaps;
	int64_t us;
};

struct timeline_sum {
	/*
	 * What can be said anything about: from the earliest recording, if that is later than the beginning of the range, to
	 * the end of the newest one, or, if nothing is being recorded since, to now. Both are 0 if there is nothing.
	 */
	int64_t from_us, to_us;
	int64_t missing_us;
	uint32_t gaps;
	struct timeline_cause_sum causes[GAP_CAUSES_TOLD]; /* by enum gap_cause */
	bool is_ongoing;
	struct timeline_item ongoing; /* the gap from the newest recording to now, part of the sums */
};

/*
 * Walks the range as timeline_walk() does, with the same errors, and adds up what it finds. `state` is what a recorder
 * that is running has published, NULL if none is; `now_us` is the time of the wall clock. `callback` may be NULL; it is
 * not called for the ongoing gap.
 */
bool timeline_sum(struct timeline_cache *cache, int folder, int64_t from_us, int64_t to_us,
		  const struct recorder_state *state, int64_t now_us, timeline_callback *callback, void *context,
		  struct timeline_sum *out);

/* What was recorded of it, in microseconds. Time that was recorded twice counts once. */
int64_t timeline_sum_recorded_us(const struct timeline_sum *sum);

/* The recorded share in millionths, rounded down, so that it is 1,000,000 only if nothing is missing. */
uint32_t timeline_sum_share(const struct timeline_sum *sum);

#endif
