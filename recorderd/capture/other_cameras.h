/*
 * other_cameras.h - the other cameras of this machine: their devices are not ours to take, and memory (a quarter of
 * RAM, and /dev/shm) is shared out among all. Known are those whose .ini files stand in the same folder.
 */
#ifndef RECORDERD_CAPTURE_OTHER_CAMERAS_H
#define RECORDERD_CAPTURE_OTHER_CAMERAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorderd/v4l2/device.h"
#include "shared/config/config.h"

#define OTHER_CAMERAS_MAX 31

/* What the other recorders have. Both lists end with NULL, and may be NULL. */
struct source_others {
	const char *const *devices; /* that their .ini files name */
	const char *const *rings;   /* of theirs: device_claimed_by_other() */
};

struct other_cameras {
	char devices[OTHER_CAMERAS_MAX][CONFIG_DEVICE_BYTES];
	char rings[OTHER_CAMERAS_MAX][64];
	const char *device_list[OTHER_CAMERAS_MAX + 1], *ring_list[OTHER_CAMERAS_MAX + 1]; /* into those */
	struct source_others others;                                                       /* these two */
	size_t count;         /* of cameras other than this one */
	size_t exact;         /* of those, with a memory.max_mb of their own */
	uint64_t exact_bytes; /* of /dev/shm that these take */
};

/* *out has pointers into itself: it stays where it is. Files that cannot be read as a configuration are passed over:
 * their own recorder says so. */
void other_cameras_find(const struct config *config, struct other_cameras *out);

/*
 * Whether another recorder had that camera last, and waits for it. Where recorders take any camera, or name theirs by a
 * link that udev has yet to make, nothing in an .ini tells whose a camera is that has just been plugged in; what their
 * rings say does (shared/ring/state.h).
 *
 * True where the device is the same camera on the same bus as the one that a recorder with one of these rings (NULL
 * terminates; may be NULL) had last, unless `own_ring` had it last too. A stand-in is nobody's. A recorder that streams
 * claims its node alone: other nodes of such a camera are free.
 */
bool device_claimed_by_other(const struct device *device, const char *const *rings, const char *own_ring);

#endif
