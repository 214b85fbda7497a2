/*
 * detector.h - what moved in each picture.
 *
 * A picture is compared with two references: the background, which is the mean of about a minute, and the picture of a
 * second ago. What has moved differs from both: a parked car differs from the background only, the place that it left
 * from the earlier picture only. Each reference is first adapted to the light and the position of the new picture
 * (fit.h), and each pixel has its own limit (limit.h). What a change of light explains is no movement (light.h).
 *
 * Nothing but the rule for changes of the whole picture depends on what was called movement, so a mistake has no
 * consequences for later pictures.
 */
#ifndef MOTION_DETECTOR_DETECTOR_H
#define MOTION_DETECTOR_DETECTOR_H

#include <stdbool.h>

#include "motion/detector/plane.h"
#include "shared/base/clock.h"
#include "shared/motion/motion_record.h"

#define DETECTOR_LEARN_S 5 /* after a start: until then the noise is not known */

struct detection {
	float strength[MOTION_CELLS]; /* the excess over the limit: 1 is the limit itself, 0 if nothing moved */
	bool learning;                /* there is no movement because the detector cannot tell yet */
	bool global;                  /* there is no movement because the whole picture changed less than 2 s ago */
	bool dark;                    /* see MOTION_DARK */
	float gain;                   /* by which the picture is brighter than its background */
	float mean, sharpness;        /* measure.h */
	float likeness;               /* to the background of ten minutes ago */
	bool likeness_known;
};

struct detector;

/* Returns NULL if memory is short. */
struct detector *detector_create(void);
void detector_destroy(struct detector *detector);

/* Forgets everything: the next picture is the first one. */
void detector_reset(struct detector *detector);

/*
 * Looks at the next picture. It has the values of `y`, from 0 to 255, and was taken at `at`. A picture of another size,
 * one that is not newer, or one that comes DETECTOR_PAUSE_S after the last one is the first one again.
 */
#define DETECTOR_PAUSE_S 10
void detector_look(struct detector *detector, struct plane_size size, const float *y, mono_t at, struct detection *out);

#endif
