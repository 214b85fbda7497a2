/* limit.c - how far a pixel may be from what was expected before it counts as moved. */
#include "motion/detector/limit.h"

#include <math.h>

#define NOISE_START 1.0f
#define NOISE_MIN   0.1f
#define NOISE_MAX   30.0f
#define QUANTILE    0.95f
#define PACE        4.0f /* of the quantile's steps */
#define DOUBT       0.1f /* of what was compensated */

void limit_noise_init(struct plane_size size, float *noise)
{
	int pixels = plane_pixels(size);

	for (int i = 0; i < pixels; i++)
		noise[i] = NOISE_START;
}

/* Steps up and down whose sizes are in such a proportion that they balance at the quantile. */
void limit_noise_follow(struct plane_size size, float *noise, const float *residual, float step)
{
	int pixels = plane_pixels(size);
	float up = PACE * step * QUANTILE, down = PACE * step * (QUANTILE - 1);

	for (int i = 0; i < pixels; i++) {
		float next = noise[i] + (noise[i] + NOISE_MIN) * (fabsf(residual[i]) > noise[i] ? up : down);

		noise[i] = smaller(larger(next, NOISE_MIN), NOISE_MAX);
	}
}

void limit_find(struct plane_size size, const struct limit_input *input, float *out)
{
	int pixels = plane_pixels(size);

	for (int i = 0; i < pixels; i++) {
		float slow = fabsf(input->slow_expected[i] - input->slow[i]);
		float fast = fabsf(input->fast_expected[i] - input->fast[i]);

		out[i] = limit_of_noise(input->noise[i]) + DOUBT * larger(slow, fast);
	}
}
