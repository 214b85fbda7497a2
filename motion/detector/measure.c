/* measure.c - numbers about a whole picture. */
#include "motion/detector/measure.h"

#include <math.h>

#define MIDDLE        128.0f /* values around zero keep float sums precise */
#define VARIANCE_FLAT 1.0f

float measure_mean(struct plane_size size, const float *y)
{
	int pixels = plane_pixels(size);
	float sum = 0;

	for (int i = 0; i < pixels; i++)
		sum += y[i];
	return sum / (float)pixels;
}

float measure_sharpness(struct plane_size size, const float *y)
{
	int width = size.width;
	float sum = 0;

	for (int row = 0; row < size.height - 1; row++) {
		const float *here = y + row * width, *below = here + width;

		for (int x = 0; x < width - 1; x++)
			sum += fabsf(here[x] - here[x + 1]) + fabsf(here[x] - below[x]);
	}
	return sum / (float)((width - 1) * (size.height - 1));
}

float measure_contrast(struct plane_size size, const uint8_t *y)
{
	int pixels = plane_pixels(size);
	float sum = 0, squares = 0;

	for (int i = 0; i < pixels; i++) {
		float value = (float)y[i] - MIDDLE;

		sum += value;
		squares += value * value;
	}
	float mean = sum / (float)pixels, variance = squares / (float)pixels - mean * mean;
	return variance > 0 ? sqrtf(variance) : 0;
}

float measure_likeness(struct plane_size size, const float *y, const uint8_t *other)
{
	int pixels = plane_pixels(size);
	float n = (float)pixels, a = 0, b = 0, aa = 0, bb = 0, ab = 0;

	for (int i = 0; i < pixels; i++) {
		float p = y[i] - MIDDLE, q = (float)other[i] - MIDDLE;

		a += p;
		b += q;
		aa += p * p;
		bb += q * q;
		ab += p * q;
	}
	float first = aa / n - a / n * (a / n), second = bb / n - b / n * (b / n);
	if (first < VARIANCE_FLAT || second < VARIANCE_FLAT)
		return 0;
	float likeness = (ab / n - a / n * (b / n)) / sqrtf(first * second);
	return larger(-1, smaller(likeness, 1));
}
