/*
 * motion_area.h - areas of the picture, as people write them, and the cells inside them.
 *
 * Coordinates are shares of the picture, 0 to 1, from the top left corner to the right and down. Four numbers are a
 * rectangle: x and y of its corner, width and height. Six or more are the corners x1,y1,x2,y2,… of a polygon, whose
 * edges may not cross or touch one another. The first corner may be repeated at the end.
 *
 * An area that is looked at takes every cell that is partly inside it, so that a narrow one is not lost between two
 * cells. A part below a thousandth of what another cell has is taken for rounding. An area that
 * is not looked at takes away the cells of which at least half is inside it.
 */
#ifndef SHARED_MOTION_MOTION_AREA_H
#define SHARED_MOTION_MOTION_AREA_H

#include <stdbool.h>

#include "shared/base/reason.h"
#include "shared/motion/motion_event.h"

#define MOTION_AREA_CORNERS_MAX 32
#define MOTION_AREA_TEXT_BYTES  2048

struct motion_area {
	int corners; /* 3 to MOTION_AREA_CORNERS_MAX */
	double x[MOTION_AREA_CORNERS_MAX], y[MOTION_AREA_CORNERS_MAX];
};

/* Reads an area. Returns false and sets *why, which begins with "NAME=". */
bool motion_area_parse(const char *name, const char *text, struct motion_area *out, struct reason *why);

/* Adds the cells of an area that is looked at, or removes those of one that is not. */
void motion_area_include(const struct motion_area *area, struct motion_mask *mask);
void motion_area_exclude(const struct motion_area *area, struct motion_mask *mask);

#endif
