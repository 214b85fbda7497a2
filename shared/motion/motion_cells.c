/* motion_cells.c - the strengths of a picture's cells, in two bit planes. */
#include "shared/motion/motion_record.h"

#include <string.h>

void motion_cells_raise(struct motion_cells *cells, int column, int row, enum motion_strength strength)
{
	int bit = row * MOTION_COLUMNS + column;
	uint8_t mask = (uint8_t)(1u << bit % 8);

	if (strength <= motion_cell(cells, column, row))
		return;
	cells->low[bit / 8] &= (uint8_t)~mask;
	cells->low[bit / 8] |= strength & 1 ? mask : 0;
	cells->high[bit / 8] |= strength & 2 ? mask : 0;
}

void motion_cells_join(struct motion_cells *into, const struct motion_cells *from)
{
	/* If only one of the two has the high bit, the low bit is that one's; otherwise it is either's. */
	for (size_t i = 0; i < MOTION_PLANE_BYTES; i++) {
		unsigned a = into->high[i], b = from->high[i];
		into->low[i] = (uint8_t)((into->low[i] & ~(b & ~a)) | (from->low[i] & ~(a & ~b)));
		into->high[i] = (uint8_t)(a | b);
	}
}

unsigned motion_cells_count(const struct motion_cells *cells)
{
	return motion_cells_count_from(cells, MOTION_FAINT);
}

unsigned motion_cells_count_from(const struct motion_cells *cells, enum motion_strength least)
{
	unsigned count = 0;

	for (size_t i = 0; i < MOTION_PLANE_BYTES; i += sizeof(uint64_t)) {
		uint64_t low, high;
		memcpy(&low, cells->low + i, sizeof(low));
		memcpy(&high, cells->high + i, sizeof(high));
		uint64_t counted = least == MOTION_FAINT ? low | high : least == MOTION_CLEAR ? high : low & high;
		count += (unsigned)__builtin_popcountll(counted);
	}
	return count;
}
