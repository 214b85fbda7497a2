/*
 * clip_nearest.h - the footage next to a range that has none.
 */
#ifndef FCGI_CLIP_NEAREST_H
#define FCGI_CLIP_NEAREST_H

#include <stdbool.h>
#include <stdint.h>

struct clip_nearest {
	bool before, after;
	int64_t before_us; /* wall time of a last frame before the range */
	int64_t after_us;  /* and of a first one behind it */
};

/* Looks in the list of segments in `folder` for frames before from_us, and at or behind to_us. */
void clip_nearest_find(int folder, int64_t from_us, int64_t to_us, struct clip_nearest *out);

#endif
