/*
 * nearest_footage.h - finds the footage nearest to a range that has none, in wall time.
 */
#ifndef FCGI_CLIP_NEAREST_FOOTAGE_H
#define FCGI_CLIP_NEAREST_FOOTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ring/ring_reader.h"

struct nearest_footage {
	bool before, after; /* there is footage before, after the range */
	int64_t before_us;  /* wall time of the last frame before the range */
	int64_t after_us;   /* wall time of the first frame after it */
};

/*
 * Looks for frames before from_us, and at or after to_us: in the list of segments in `folder` (-1 if there is none) and
 * in the ring, whose frames /footage shows as well (NULL if there is none).
 */
void nearest_footage_find(int folder, const struct ring_reader *ring, int64_t from_us, int64_t to_us,
			  struct nearest_footage *out);

#endif
