/* measure.h - numbers about a whole picture: what tells a covered, turned or blurred camera from others. */
#ifndef MOTION_DETECTOR_MEASURE_H
#define MOTION_DETECTOR_MEASURE_H

#include <stdint.h>

#include "motion/detector/plane.h"

/* 0 to 255 */
float measure_mean(struct plane_size size, const float *y);

/* The mean absolute difference to the pixel on the right, plus that to the pixel below. */
float measure_sharpness(struct plane_size size, const float *y);

/* The standard deviation. */
float measure_contrast(struct plane_size size, const uint8_t *y);

/* The correlation of two pictures, -1 to 1; 0 if one of them is flat. */
float measure_likeness(struct plane_size size, const float *y, const uint8_t *other);

#endif
