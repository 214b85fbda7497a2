/*
 * other_cameras.h - the other cameras of this machine.
 *
 * Their devices are not ours to take, and memory (a quarter of RAM, and /dev/shm) is shared among all of them. Known
 * are those whose .ini files are in the same folder.
 */
#ifndef RECORDERD_CAPTURE_OTHER_CAMERAS_H
#define RECORDERD_CAPTURE_OTHER_CAMERAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/v4l2/device.h"
#include "shared/config/config.h"

#define OTHER_CAMERAS_MAX 31

/* Zeroed: there are none. */
struct other_cameras {
	char devices[OTHER_CAMERAS_MAX][CONFIG_DEVICE_BYTES];
	char rings[OTHER_CAMERAS_MAX][64];
	const char *device_list[OTHER_CAMERAS_MAX + 1]; /* devices named in their .ini files; NULL ends the list */
	const char *ring_list[OTHER_CAMERAS_MAX + 1];   /* the names of their rings; NULL ends the list */
	size_t count;                                   /* of cameras other than this one */
	size_t exact;                                   /* of those, with a memory.max_mb of their own */
	uint64_t exact_bytes;                           /* of /dev/shm that these take */
};

/*
 * Fills *out, which has pointers into itself and must not be moved. Files that are not a valid configuration are
 * skipped: their own recorder reports them.
 */
void other_cameras_find(const struct config *config, struct other_cameras *out);

/*
 * True if another recorder used this camera last and is waiting for it. If recorders take any camera, or name theirs by
 * a link that udev has yet to make, no .ini says whose a camera is that has just been plugged in. The state that each
 * recorder publishes in its ring does (shared/ring/state.h).
 *
 * The camera is recognised by its model and bus. `rings` names the rings of the other recorders (NULL ends the list;
 * may be NULL). If `own_ring` says that we used this camera last, too, it is ours. Fallback devices are not claimed. A
 * recorder that is streaming claims only its own node: other nodes of the same camera are free.
 */
bool device_claimed_by_other(const struct device *device, const char *const *rings, const char *own_ring);

#endif
