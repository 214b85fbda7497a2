/*
 * probe_pictures.h - the pictures with which an encoder is tried, and how they are recognised in what it encodes. Pure.
 *
 * They are about as hard to encode as what a camera sees. Each one has a bright cell in its top row, in another place
 * than the others, so an encoder that repeats a picture, mixes them up or paints them green is noticed.
 */
#ifndef RECORDERD_PROBE_PROBE_PICTURES_H
#define RECORDERD_PROBE_PROBE_PICTURES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"

#define PROBE_PICTURES 8

/*
 * A picture scaled down to one pixel per cell, in limited range: planes of Y, U and V, the last two with half as many
 * columns and rows (FFmpeg's yuv420p).
 */
#define PROBE_CELLS_ACROSS    8
#define PROBE_CELLS_DOWN      16
#define PROBE_THUMBNAIL_BYTES (PROBE_CELLS_ACROSS * PROBE_CELLS_DOWN * 3 / 2)

struct probe_pictures {
	struct buffer jpegs[PROBE_PICTURES];
	uint8_t thumbnails[PROBE_PICTURES][PROBE_THUMBNAIL_BYTES]; /* what a good encoder makes of them */
};

/* At least 16 pixels wide and high. Returns false if memory runs out. To be freed in any case. */
bool probe_pictures_make(struct probe_pictures *pictures, uint16_t width, uint16_t height);
void probe_pictures_free(struct probe_pictures *pictures);

/* Whether a decoded and scaled frame looks like the picture with that number, from 0 on; the pictures repeat. */
bool probe_pictures_resembles(const struct probe_pictures *pictures, uint64_t number,
			      const uint8_t thumbnail[PROBE_THUMBNAIL_BYTES]);

/* Whether it looks more like that picture than like any other one. At a very low quality some frames do not. */
bool probe_pictures_is_nearest(const struct probe_pictures *pictures, uint64_t number,
			       const uint8_t thumbnail[PROBE_THUMBNAIL_BYTES]);

#endif
