/* residual.h - what a picture has that was not expected. */
#ifndef MOTION_DETECTOR_RESIDUAL_H
#define MOTION_DETECTOR_RESIDUAL_H

#include "motion/detector/plane.h"

/*
 * The difference between a picture and the one expected (fit.h), as the mean over 3x3 pixels. Where the model is white,
 * a picture that is brighter than expected has no difference.
 */
void residual_find(struct plane_size size, const float *y, const float *model, const float *expected, float *out);

/* The mean over 3x3 pixels, at the edges over those that there are, as if the others were zero. */
void residual_smooth(struct plane_size size, const float *in, float *out);

#endif
