/* motion_area_cells.c - which cells of the picture are inside an area. */
#include <string.h>

#include "shared/motion/motion_area.h"
#include "shared/motion/motion_polygon.h"

static_assert(MOTION_AREA_CORNERS_MAX <= POLYGON_CORNERS_MAX, "an area is a polygon");

#define CELL_AREA  (1.0 / MOTION_CELLS)
#define NEGLIGIBLE 0.001 /* what rounding may put into a neighbouring cell, as a share of what another one has */

/* The columns, or rows, of the first and the last cell that coordinates from `least` to `most` reach. */
static void reach(const double *coordinates, int corners, int cells, int *first, int *last)
{
	double least = 1, most = 0;

	for (int i = 0; i < corners; i++) {
		least = coordinates[i] < least ? coordinates[i] : least;
		most = coordinates[i] > most ? coordinates[i] : most;
	}
	*first = (int)(least * cells);
	*last = (int)(most * cells);
	if (*last > cells - 1)
		*last = cells - 1;
}

/* Of each cell, the area that is inside. Returns the largest. */
static double overlaps(const struct motion_area *area, double out[MOTION_CELLS])
{
	const double width = 1.0 / MOTION_COLUMNS, height = 1.0 / MOTION_ROWS;
	int left, right, top, bottom;
	double largest = 0;

	memset(out, 0, MOTION_CELLS * sizeof(*out));
	reach(area->x, area->corners, MOTION_COLUMNS, &left, &right);
	reach(area->y, area->corners, MOTION_ROWS, &top, &bottom);
	for (int row = top; row <= bottom; row++) {
		for (int column = left; column <= right; column++) {
			double *cell = &out[row * MOTION_COLUMNS + column];
			*cell = polygon_overlap(area->x, area->y, area->corners, column * width, row * height,
						(column + 1) * width, (row + 1) * height);
			largest = *cell > largest ? *cell : largest;
		}
	}
	return largest;
}

void motion_area_include(const struct motion_area *area, struct motion_mask *mask)
{
	double inside[MOTION_CELLS], least = overlaps(area, inside) * NEGLIGIBLE;

	for (int cell = 0; cell < MOTION_CELLS; cell++)
		if (inside[cell] > least)
			mask->bits[cell / 8] |= (uint8_t)(1u << cell % 8);
}

void motion_area_exclude(const struct motion_area *area, struct motion_mask *mask)
{
	double inside[MOTION_CELLS];

	overlaps(area, inside);
	for (int cell = 0; cell < MOTION_CELLS; cell++)
		if (inside[cell] > CELL_AREA * (0.5 - NEGLIGIBLE))
			mask->bits[cell / 8] &= (uint8_t) ~(1u << cell % 8);
}
