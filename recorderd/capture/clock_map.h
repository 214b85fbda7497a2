/*
 * clock_map.h - maps capture time (monotonic) to wall time.
 *
 * Slewing moves both clocks by the same amount. If their offset changes by more than 5 ms, the clock was set, a leap
 * second passed, or the machine slept: a new mapping begins.
 */
#ifndef RECORDERD_CAPTURE_CLOCK_MAP_H
#define RECORDERD_CAPTURE_CLOCK_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define CLOCK_STEP_US (5 * US_PER_MS)

struct clock_map {
	bool valid;
	int64_t offset_us;
};

/* Follows the offset between the clocks as it is now. True if a new mapping has replaced a valid one. */
static inline bool clock_map_update(struct clock_map *map, int64_t now_offset_us)
{
	int64_t moved_us = now_offset_us - map->offset_us;
	bool stepped = map->valid && (moved_us > CLOCK_STEP_US || moved_us < -CLOCK_STEP_US);

	if (stepped || !map->valid)
		*map = (struct clock_map){true, now_offset_us};
	return stepped;
}

#endif
