/*
 * resample.h - makes a picture smaller as its rows arrive: each pixel becomes the mean of the area that it covers.
 */
#ifndef MOTION_RESAMPLE_H
#define MOTION_RESAMPLE_H

#include <stdint.h>

#include "motion/detector/plane.h"

#define RESAMPLE_WIDTH_MAX 16384

struct resample {
	struct plane_size from, to;
	int row;    /* the next one of `from` */
	float *out; /* plane_pixels(to) values, the caller's */
	float line[PLANE_SIDE_MAX];
};

/* The size of `from` with its longer side at most PLANE_SIDE_MAX; each side is at least 1. */
struct plane_size resample_size(struct plane_size from);

/* `to` must not be larger than `from`, nor its sides than PLANE_SIDE_MAX. */
void resample_begin(struct resample *resample, struct plane_size from, struct plane_size to, float *out);

/* Takes the next row, from.width pixels. Rows past from.height are ignored. */
void resample_row(struct resample *resample, const uint8_t *pixels);

#endif
