/*
 * history.h - the pictures of the last second, and the background as it was in the last ten minutes.
 */
#ifndef MOTION_DETECTOR_HISTORY_H
#define MOTION_DETECTOR_HISTORY_H

#include <stdint.h>

#include "motion/detector/plane.h"
#include "shared/base/clock.h"

#define HISTORY_PICTURES 12 /* at most 10 per second */

/* Recent pictures, the newest overwrites the oldest. All zero: none. */
struct history {
	uint64_t count;
	mono_t at[HISTORY_PICTURES];
	float planes[HISTORY_PICTURES][PLANE_PIXELS_MAX];
};

void history_clear(struct history *history);
void history_add(struct history *history, struct plane_size size, const float *y, mono_t at);

/* The newest picture that is about a second older than `now`, or more; NULL if there is none. */
const float *history_second_ago(const struct history *history, mono_t now);

#define SNAPSHOTS           11
#define SNAPSHOT_INTERVAL_S 60

/* Backgrounds, one per minute. All zero: none. */
struct snapshots {
	uint64_t count;
	mono_t at[SNAPSHOTS];
	uint8_t planes[SNAPSHOTS][PLANE_PIXELS_MAX];
};

void snapshots_clear(struct snapshots *snapshots);

/* Keeps the background if the last one was kept a minute ago. */
void snapshots_offer(struct snapshots *snapshots, struct plane_size size, const float *background, mono_t now);

/* The background of ten minutes ago, or the oldest one that is known; NULL if there is none. */
const uint8_t *snapshots_oldest(const struct snapshots *snapshots);

#endif
