/*
 * mask_blocks.h - which blocks of a picture are masked.
 *
 * A picture is divided into blocks of one size, from the top left corner, like the MCUs of a JPEG (ITU-T T.81, A.2.3).
 * A block is masked as a whole if a mask covers any part of it.
 */
#ifndef RECORDERD_REWRITE_MASK_BLOCKS_H
#define RECORDERD_REWRITE_MASK_BLOCKS_H

#include "recorderd/rewrite/privacy_mask.h"

struct mask_blocks {
	unsigned width, height;             /* of the picture, in pixels */
	unsigned block_width, block_height; /* in pixels */
	unsigned columns, rows;
	uint8_t *masked; /* rows × columns: 1 or 0; owned */
};

/*
 * Makes *blocks those of such a picture, and does nothing if it has them already, for the same mask. A zeroed one has
 * none. Returns false without memory.
 */
bool mask_blocks_make(struct mask_blocks *blocks, const struct privacy_mask *mask, unsigned width, unsigned height,
		      unsigned block_width, unsigned block_height);

/* Safe for a zeroed one. */
void mask_blocks_free(struct mask_blocks *blocks);

static inline bool mask_blocks_has(const struct mask_blocks *blocks, unsigned column, unsigned row)
{
	return blocks->masked[(size_t)row * blocks->columns + column] != 0;
}

#endif
