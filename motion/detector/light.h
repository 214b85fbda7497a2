/*
 * light.h - whether what happened around a cell is light alone.
 *
 * Light keeps what is there and makes it brighter or darker: a lamp, the soft shadow of a cloud. Something that moved
 * covers what is there.
 */
#ifndef MOTION_DETECTOR_LIGHT_H
#define MOTION_DETECTOR_LIGHT_H

#include <stdbool.h>

#include "motion/detector/plane.h"

/*
 * True if the picture around a cell is the expected one times a gain that changes evenly from side to side, plus an
 * offset, and fewer than CELLS_PIXELS_MIN pixels of the cell are far from that. `noise`: limit.h.
 */
bool light_alone(struct plane_size size, const float *y, const float *expected, const float *noise, int cell);

#endif
