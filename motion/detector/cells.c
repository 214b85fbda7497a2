/* cells.c - from values per pixel to values per cell. */
#include "motion/detector/cells.h"

#include <string.h>

static int border(int pixels, int cell, int cells)
{
	return (cell * pixels + cells - 1) / cells;
}

void cells_columns(struct plane_size size, int column, int *first, int *end)
{
	*first = border(size.width, column, MOTION_COLUMNS);
	*end = border(size.width, column + 1, MOTION_COLUMNS);
}

void cells_rows(struct plane_size size, int row, int *first, int *end)
{
	*first = border(size.height, row, MOTION_ROWS);
	*end = border(size.height, row + 1, MOTION_ROWS);
}

/* The three largest values of each pixel column, or of a cell. */
struct largest {
	float first[PLANE_SIDE_MAX], second[PLANE_SIDE_MAX], third[PLANE_SIDE_MAX];
};

static void add_row(struct largest *largest, const float *values, int width)
{
	for (int x = 0; x < width; x++) {
		float value = values[x], first = largest->first[x], second = largest->second[x];

		largest->third[x] = larger(largest->third[x], smaller(second, value));
		largest->second[x] = larger(second, smaller(first, value));
		largest->first[x] = larger(first, value);
	}
}

/* The value that CELLS_PIXELS_MIN pixels of the columns [first, end) reach, or all of them if there are fewer. */
static float of_columns(const struct largest *largest, int first, int end, int rows)
{
	float best[3] = {0, 0, 0};
	int pixels = (end - first) * rows;

	for (int x = first; x < end; x++) {
		const float values[3] = {largest->first[x], largest->second[x], largest->third[x]};

		for (int i = 0; i < 3; i++) {
			float value = values[i];

			best[2] = larger(best[2], smaller(best[1], value));
			best[1] = larger(best[1], smaller(best[0], value));
			best[0] = larger(best[0], value);
		}
	}
	return pixels <= 0 ? 0 : best[pixels < CELLS_PIXELS_MIN ? pixels - 1 : CELLS_PIXELS_MIN - 1];
}

void cells_third_largest(struct plane_size size, const float *values, float out[MOTION_CELLS])
{
	for (int row = 0; row < MOTION_ROWS; row++) {
		struct largest largest;
		int first, end;

		memset(&largest, 0, sizeof(largest));
		cells_rows(size, row, &first, &end);
		for (int y = first; y < end; y++)
			add_row(&largest, values + y * size.width, size.width);
		for (int column = 0; column < MOTION_COLUMNS; column++) {
			int left, right;

			cells_columns(size, column, &left, &right);
			out[row * MOTION_COLUMNS + column] = of_columns(&largest, left, right, end - first);
		}
	}
}

/* Moves the cells that are connected to `start` from `left` into `group`. Returns how many. */
static int take_group(bool left[MOTION_CELLS], int start, int group[MOTION_CELLS])
{
	int count = 0;

	group[count++] = start;
	left[start] = false;
	for (int i = 0; i < count; i++) {
		int column = group[i] % MOTION_COLUMNS, row = group[i] / MOTION_COLUMNS;

		for (int y = row > 0 ? row - 1 : 0; y <= row + 1 && y < MOTION_ROWS; y++)
			for (int x = column > 0 ? column - 1 : 0; x <= column + 1 && x < MOTION_COLUMNS; x++)
				if (left[y * MOTION_COLUMNS + x]) {
					left[y * MOTION_COLUMNS + x] = false;
					group[count++] = y * MOTION_COLUMNS + x;
				}
	}
	return count;
}

static uint8_t largest_near(const uint8_t pictures[MOTION_CELLS], int column, int row)
{
	uint8_t largest = 0;

	for (int y = row > 0 ? row - 1 : 0; y <= row + 1 && y < MOTION_ROWS; y++)
		for (int x = column > 0 ? column - 1 : 0; x <= column + 1 && x < MOTION_COLUMNS; x++)
			if (pictures[y * MOTION_COLUMNS + x] > largest)
				largest = pictures[y * MOTION_COLUMNS + x];
	return largest;
}

void cells_count_pictures(const bool cells[MOTION_CELLS], uint8_t pictures[MOTION_CELLS])
{
	uint8_t before[MOTION_CELLS];

	memcpy(before, pictures, sizeof(before));
	for (int cell = 0; cell < MOTION_CELLS; cell++) {
		uint8_t near = cells[cell] ? largest_near(before, cell % MOTION_COLUMNS, cell / MOTION_COLUMNS) : 0;

		pictures[cell] = (uint8_t)(cells[cell] ? near + (near < UINT8_MAX) : before[cell] - (before[cell] > 0));
	}
}

int cells_count_groups(const bool cells[MOTION_CELLS])
{
	bool left[MOTION_CELLS];
	int group[MOTION_CELLS], groups = 0;

	memcpy(left, cells, sizeof(left));
	for (int start = 0; start < MOTION_CELLS; start++)
		if (left[start]) {
			take_group(left, start, group);
			groups++;
		}
	return groups;
}

void cells_keep_large(bool cells[MOTION_CELLS], int least)
{
	bool left[MOTION_CELLS];
	int group[MOTION_CELLS];

	memcpy(left, cells, sizeof(left));
	for (int start = 0; start < MOTION_CELLS; start++) {
		int count = left[start] ? take_group(left, start, group) : 0;

		for (int i = 0; i < count && count < least; i++)
			cells[group[i]] = false;
	}
}
