/* motion_polygon.h - the geometry of polygons in the plane. All functions are pure. */
#ifndef SHARED_MOTION_MOTION_POLYGON_H
#define SHARED_MOTION_MOTION_POLYGON_H

#include <stdbool.h>

#define POLYGON_CORNERS_MAX 32

/* The area inside; edges may not cross. */
double polygon_area(const double *x, const double *y, int corners);

/* True if two edges have a point in common that is not the corner between them. */
bool polygon_crosses_itself(const double *x, const double *y, int corners);

/* The area of what is inside both the polygon, of at most POLYGON_CORNERS_MAX corners, and the rectangle. */
double polygon_overlap(const double *x, const double *y, int corners, double left, double top, double right,
		       double bottom);

#endif
