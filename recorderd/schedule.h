/* schedule.h - record.hours: whether now is a time to record. */
#ifndef RECORDERD_SCHEDULE_H
#define RECORDERD_SCHEDULE_H

#include <stdbool.h>

#include "shared/base/clock.h"
#include "shared/text/week_hours.h"

struct schedule {
	bool set; /* false: always */
	char text[256];
	struct week_hours hours;
	bool inside;
	wall_t next; /* when `inside` changes; 0: never, or not known */
};

/* `hours` is record.hours, which is valid (week_hours.h) or empty. */
void schedule_init(struct schedule *schedule, const char *hours, wall_t now);

/* Whether it was made from that text. */
bool schedule_is_of(const struct schedule *schedule, const char *hours);

/*
 * Returns true if `inside` has changed. A clock that shows a time before SCHEDULE_CLOCK_US was never set, so that
 * nobody knows what time it is: that is always inside.
 */
bool schedule_update(struct schedule *schedule, wall_t now);

#define SCHEDULE_CLOCK_US (INT64_C(1704067200) * US_PER_S) /* 2024-01-01 */

#endif
