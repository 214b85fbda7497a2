/*
 * sampler.h - which pictures are looked at: the first one at or after each tick of the wall clock, of which there are
 * `fps` in a second.
 *
 * The choice depends on the times of the frames only, so the same frames always give the same records.
 */
#ifndef MOTION_SAMPLER_H
#define MOTION_SAMPLER_H

#include <stdbool.h>

#include "shared/base/clock.h"

#define SAMPLER_FPS_MAX 10

struct sampler {
	int64_t fps;  /* 1 to SAMPLER_FPS_MAX */
	int64_t tick; /* of the last picture taken */
	bool began;
};

/* Whether the frame of that time, the next in the order of the ring, is to be looked at. */
bool sampler_takes(struct sampler *sampler, wall_t at);

/* When the next picture is due: the end of the tick of the last one taken. */
wall_t sampler_due(const struct sampler *sampler);

#endif
