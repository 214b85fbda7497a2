/* orientation.h - how the camera's picture is turned, so that people see it upright: camera.rotate and camera.flip. */
#ifndef RECORDERD_REWRITE_ORIENTATION_H
#define RECORDERD_REWRITE_ORIENTATION_H

#include <stdbool.h>

#include "shared/config/config.h"

/* In this order. All false: the picture is upright as it is. */
struct orientation {
	bool transposed;             /* columns become lines, from the left to the top */
	bool mirrored_x, mirrored_y; /* left and right, and top and bottom, change places */
};

/* camera.rotate turns clockwise, then camera.flip mirrors what is upright. */
struct orientation orientation_of(const struct config *config);

static inline bool orientation_is_upright(struct orientation orientation)
{
	return !orientation.transposed && !orientation.mirrored_x && !orientation.mirrored_y;
}

#endif
