/* residual.c - what a picture has that was not expected. */
#include "motion/detector/residual.h"

void residual_smooth(struct plane_size size, const float *in, float *out)
{
	float sums[PLANE_PIXELS_MAX];
	int width = size.width, last = size.height - 1;

	for (int row = 0; row <= last; row++) {
		const float *from = in + row * width;
		float *to = sums + row * width;

		for (int x = 1; x < width - 1; x++)
			to[x] = from[x - 1] + from[x] + from[x + 1];
		to[0] = from[0] + from[1];
		to[width - 1] = from[width - 2] + from[width - 1];
	}
	for (int row = 0; row <= last; row++) {
		const float *here = sums + row * width;
		const float *above = row > 0 ? here - width : here, *below = row < last ? here + width : here;
		float middle = row == 0 || row == last ? 0.0f : 1.0f; /* the row itself stands for the missing one */
		float *to = out + row * width;

		for (int x = 0; x < width; x++)
			to[x] = (above[x] + middle * here[x] + below[x]) / 9;
	}
}

void residual_find(struct plane_size size, const float *y, const float *model, const float *expected, float *out)
{
	float differences[PLANE_PIXELS_MAX];
	int pixels = plane_pixels(size);

	for (int i = 0; i < pixels; i++)
		differences[i] = is_beyond_white(model[i], y[i], expected[i]) ? 0 : y[i] - expected[i];
	residual_smooth(size, differences, out);
}
