/* sampler.c - which pictures are looked at. */
#include "motion/sampler.h"

static int64_t tick_of(const struct sampler *sampler, wall_t at)
{
	return at.us / US_PER_S * sampler->fps + at.us % US_PER_S * sampler->fps / US_PER_S;
}

/* A clock that was set back leads to an earlier tick, which is another one too. */
bool sampler_takes(struct sampler *sampler, wall_t at)
{
	int64_t tick = tick_of(sampler, at);

	if (sampler->began && tick == sampler->tick)
		return false;
	sampler->began = true;
	sampler->tick = tick;
	return true;
}

wall_t sampler_due(const struct sampler *sampler)
{
	int64_t next = sampler->tick + 1, fps = sampler->fps;

	/* Rounded up: a frame of that very microsecond belongs to the next tick. */
	return (wall_t){next / fps * US_PER_S + (next % fps * US_PER_S + fps - 1) / fps};
}
