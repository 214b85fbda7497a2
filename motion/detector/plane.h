/*
 * plane.h - planes: one value per pixel of a small picture, row by row.
 *
 * Everything is measured on the luma of a picture whose longer side has at most PLANE_SIDE_MAX pixels.
 */
#ifndef MOTION_DETECTOR_PLANE_H
#define MOTION_DETECTOR_PLANE_H

#include <stdbool.h>

#define PLANE_SIDE_MAX   160
#define PLANE_PIXELS_MAX (PLANE_SIDE_MAX * PLANE_SIDE_MAX)
#define PLANE_SIDE_MIN   3 /* a fit needs neighbours */

#define LUMA_MAX   255.0f
#define LUMA_WHITE 247.0f /* a camera that shows white says nothing about what is brighter */

struct plane_size {
	int width, height;
};

static inline int plane_pixels(struct plane_size size)
{
	return size.width * size.height;
}

/* fminf() and fmaxf() are not vectorised, because they give the other value for a NaN. There are none here. */
static inline float smaller(float a, float b)
{
	return a < b ? a : b;
}

static inline float larger(float a, float b)
{
	return a > b ? a : b;
}

/* Both conditions are computed, so that the compiler makes no branch for each pixel. */
static inline bool is_beyond_white(float model, float y, float expected)
{
	return (model > LUMA_WHITE) & (y > expected);
}

#endif
