/*
 * clock_map.h - one mapping from capture time (monotonic) to wall time, and when it ends. Slewing moves both clocks
 * alike; an offset that moves by more than 5 ms is a step, a leap second, or a machine that slept.
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

/* Takes the offset that the clocks have now; true where that began a new mapping in place of a valid one. */
static inline bool clock_map_update(struct clock_map *map, int64_t now_offset_us)
{
	int64_t moved_us = now_offset_us - map->offset_us;
	bool stepped = map->valid && (moved_us > CLOCK_STEP_US || moved_us < -CLOCK_STEP_US);

	if (stepped || !map->valid)
		*map = (struct clock_map){true, now_offset_us};
	return stepped;
}

#endif
