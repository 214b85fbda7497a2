/*
 * limit.h - how far a pixel may be from what was expected before it counts as moved.
 *
 * The limit follows the noise of each pixel: what often changes, such as leaves, rain or a dark corner, has a high one.
 * What is rare does not raise it, however large it is. The limit is higher where much was compensated, because that
 * part of what is expected is less certain.
 */
#ifndef MOTION_DETECTOR_LIMIT_H
#define MOTION_DETECTOR_LIMIT_H

#include "motion/detector/plane.h"

void limit_noise_init(struct plane_size size, float *noise);

/* Follows the 0.95 quantile of |residual| to the picture of a second ago. `step` is the picture's share of 30 s. */
void limit_noise_follow(struct plane_size size, float *noise, const float *residual, float step);

/* What is known about the pixels of one picture: noise, and the two references with what they should become. */
struct limit_input {
	const float *noise;
	const float *slow, *slow_expected;
	const float *fast, *fast_expected;
};

void limit_find(struct plane_size size, const struct limit_input *input, float *out);

/* The part of the limit that depends on noise alone. */
static inline float limit_of_noise(float noise)
{
	return 2.2f + 2.5f * noise;
}

#endif
