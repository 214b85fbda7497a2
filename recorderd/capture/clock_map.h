/*
 * clock_map.h - maps capture time (monotonic) to wall time.
 *
 * Slewing moves both clocks by the same amount. If their offset changes by more than 5 ms, the clock was set, a leap
 * second passed, or the machine was suspended: a new mapping begins. CLOCK_BOOTTIME tells which it was.
 */
#ifndef RECORDERD_CAPTURE_CLOCK_MAP_H
#define RECORDERD_CAPTURE_CLOCK_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define CLOCK_STEP_US          (5 * US_PER_MS)
#define CLOCK_SUSPEND_ERROR_US US_PER_S /* by how much the time in suspend may differ from what the wall clock shows */

enum clock_change {
	CLOCK_UNCHANGED,
	CLOCK_SET,       /* by a person or NTP, or a leap second passed */
	CLOCK_SUSPENDED, /* the monotonic clock stood still while the machine was suspended */
};

struct clock_map {
	bool valid;
	int64_t offset_us;    /* wall time less monotonic time */
	int64_t suspended_us; /* clock_suspended_us() when the mapping began, and so at every frame of it */
};

/* Follows the clocks, which are as given now. Unless they are unchanged, a new mapping has replaced a valid one. */
static inline enum clock_change clock_map_update(struct clock_map *map, int64_t offset_us, int64_t suspended_us)
{
	int64_t moved_us = offset_us - map->offset_us, slept_us = suspended_us - map->suspended_us;
	int64_t unexplained_us = moved_us - slept_us;
	bool moved = moved_us > CLOCK_STEP_US || moved_us < -CLOCK_STEP_US;

	if (map->valid && !moved)
		return CLOCK_UNCHANGED;
	bool replaced = map->valid;
	*map = (struct clock_map){true, offset_us, suspended_us};
	if (!replaced)
		return CLOCK_UNCHANGED;
	return slept_us > 0 && unexplained_us < CLOCK_SUSPEND_ERROR_US && unexplained_us > -CLOCK_SUSPEND_ERROR_US
		       ? CLOCK_SUSPENDED
		       : CLOCK_SET;
}

#endif
