/* orientation.c - how the camera's picture is turned. */
#include "recorderd/rewrite/orientation.h"

struct orientation orientation_of(const struct config *config)
{
	static const struct orientation turned[] = {
		[ROTATE_0] = {false, false, false},
		[ROTATE_90] = {true, true, false},
		[ROTATE_180] = {false, true, true},
		[ROTATE_270] = {true, false, true},
	};
	struct orientation orientation = turned[config->camera.rotate];

	orientation.mirrored_x ^= config->camera.flip == FLIP_HORIZONTAL;
	orientation.mirrored_y ^= config->camera.flip == FLIP_VERTICAL;
	return orientation;
}
