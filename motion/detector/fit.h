/*
 * fit.h - how a picture follows from an earlier one if nothing moved in it.
 *
 * Exposure, dusk and fog change gain and offset of the whole picture, and a camera on a mast shakes by a part of a
 * pixel. A fit finds these four numbers: y = gain * m + offset + right * dm/dx + down * dm/dy. What moves in a part of
 * the picture hardly changes them.
 */
#ifndef MOTION_DETECTOR_FIT_H
#define MOTION_DETECTOR_FIT_H

#include "motion/detector/plane.h"

struct fit {
	float gain, offset, right, down;
};

/* Least squares with Cauchy weights on every fourth pixel. The gain is close to 1 if the picture is flat. */
struct fit fit_find(struct plane_size size, const float *y, const float *model);

/* The picture that follows from the model: at most LUMA_MAX. */
void fit_apply(const struct fit *fit, struct plane_size size, const float *model, float *out);

#endif
