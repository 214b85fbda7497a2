/*
 * nearest_footage.h - the footage next to a range that has none: in wall time, whatever the order of recording is.
 */
#ifndef FCGI_CLIP_NEAREST_FOOTAGE_H
#define FCGI_CLIP_NEAREST_FOOTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/ring/ring_reader.h"

struct nearest_footage {
	bool before, after;
	int64_t before_us; /* wall time of the last frame before the range */
	int64_t after_us;  /* and of the first one behind it */
};

/*
 * Looks for frames before from_us, and at or behind to_us: in the list of segments in `folder` (-1: there is none), and
 * in the memory, whose frames /footage shows too (`ring` may be NULL).
 */
void nearest_footage_find(int folder, const struct ring_reader *ring, int64_t from_us, int64_t to_us,
			  struct nearest_footage *out);

#endif
