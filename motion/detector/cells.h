/*
 * cells.h - from values per pixel to values per cell of the record (shared/motion/motion_record.h).
 */
#ifndef MOTION_DETECTOR_CELLS_H
#define MOTION_DETECTOR_CELLS_H

#include <stdbool.h>

#include "motion/detector/plane.h"
#include "shared/motion/motion_record.h"

#define CELLS_PIXELS_MIN 3 /* fewer pixels of a cell are noise */

/* The pixels of column `column`: [*first, *end). It may be empty if the picture is narrower than MOTION_COLUMNS. */
void cells_columns(struct plane_size size, int column, int *first, int *end);
void cells_rows(struct plane_size size, int row, int *first, int *end);

/* For each cell the third largest value of its pixels. Values are not negative. */
void cells_third_largest(struct plane_size size, const float *values, float out[MOTION_CELLS]);

/* How many groups of connected cells, also by corners, there are. */
int cells_count_groups(const bool cells[MOTION_CELLS]);

/*
 * For how many pictures in a row something was here: the number of each cell becomes 0, or one more than the largest of
 * the cell and its neighbours.
 */
void cells_count_pictures(const bool cells[MOTION_CELLS], uint8_t pictures[MOTION_CELLS]);

/* Clears the cells that are not connected, also by corners, to a group of at least `least` cells. */
void cells_keep_large(bool cells[MOTION_CELLS], int least);

#endif
