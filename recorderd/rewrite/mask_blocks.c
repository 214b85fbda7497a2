/* mask_blocks.c - which blocks of a picture are masked. */
#include "recorderd/rewrite/mask_blocks.h"

#include <stdlib.h>

#include "shared/motion/motion_polygon.h"

#define ROUNDING 1e-10 /* of the picture: less than a hundredth of a pixel */

static bool is_masked(const struct mask_blocks *blocks, const struct privacy_mask *mask, unsigned column, unsigned row)
{
	double left = (double)column * blocks->block_width / blocks->width,
	       top = (double)row * blocks->block_height / blocks->height,
	       right = (double)(column + 1) * blocks->block_width / blocks->width,
	       bottom = (double)(row + 1) * blocks->block_height / blocks->height;

	for (size_t i = 0; i < mask->count; i++) {
		const struct motion_area *area = &mask->areas[i];
		if (polygon_overlap(area->x, area->y, area->corners, left, top, right, bottom) > ROUNDING)
			return true;
	}
	return false;
}

bool mask_blocks_make(struct mask_blocks *blocks, const struct privacy_mask *mask, unsigned width, unsigned height,
		      unsigned block_width, unsigned block_height)
{
	if (blocks->masked && blocks->width == width && blocks->height == height &&
	    blocks->block_width == block_width && blocks->block_height == block_height)
		return true;
	mask_blocks_free(blocks);
	*blocks = (struct mask_blocks){
		.width = width,
		.height = height,
		.block_width = block_width,
		.block_height = block_height,
		.columns = (width + block_width - 1) / block_width,
		.rows = (height + block_height - 1) / block_height,
	};
	blocks->masked = calloc(blocks->rows, blocks->columns);
	if (!blocks->masked)
		return false;
	for (unsigned row = 0; row < blocks->rows; row++)
		for (unsigned column = 0; column < blocks->columns; column++)
			blocks->masked[(size_t)row * blocks->columns + column] = is_masked(blocks, mask, column, row);
	return true;
}

void mask_blocks_free(struct mask_blocks *blocks)
{
	free(blocks->masked);
	blocks->masked = NULL;
}
