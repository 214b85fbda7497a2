/*
 * condition.h - something that is well or wrong, such as the camera or the disk, and when a change of it is told.
 *
 * A change is told once it has lasted for some time. The third change that is told without a calm time before it has
 * to last for two seconds, and each further one twice as long, at most CONDITION_HOLD_MAX_US. The time is calm if it has
 * stayed as it is, and as it was told, for CONDITION_CALM_US. So a loose cable is told a few times per minute at most,
 * and what it is in the end is always told.
 */
#ifndef RECORDERD_NOTIFY_CONDITION_H
#define RECORDERD_NOTIFY_CONDITION_H

#include <stdbool.h>

#include "shared/base/clock.h"

#define CONDITION_CALM_US     (60 * US_PER_S)
#define CONDITION_HOLD_MIN_US (2 * US_PER_S)
#define CONDITION_HOLD_MAX_US (32 * US_PER_S)

/* Zeroed: it is well, and nothing else was told. */
struct condition {
	bool wrong;          /* now */
	bool notified_wrong; /* as it was told last */
	mono_t since;        /* when `wrong` changed last */
	unsigned changes;    /* that were told since a calm time */
};

/*
 * Notes how it is now. `since` is when that began, if it has just changed; `after_us` is how long it has to last at
 * least. Returns true if notified_wrong has changed: that is to be told now.
 */
bool condition_update(struct condition *condition, bool wrong, mono_t since, int64_t after_us, mono_t now);

#endif
