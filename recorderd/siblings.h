/*
 * siblings.h - the other cameras of this machine, as far as their .ini files stand in the same folder: their devices
 * are not ours to take, and memory (a quarter of RAM, and /dev/shm) is shared out among all.
 */
#ifndef RECORDERD_SIBLINGS_H
#define RECORDERD_SIBLINGS_H

#include <stddef.h>

#include "recorderd/source_select.h"
#include "shared/config.h"

#define SIBLINGS_MAX 31

struct siblings {
	char devices[SIBLINGS_MAX][CONFIG_DEVICE_BYTES];
	char rings[SIBLINGS_MAX][64];
	const char *device_list[SIBLINGS_MAX + 1], *ring_list[SIBLINGS_MAX + 1]; /* into those, as others has them */
	struct source_others others;
	size_t count;         /* of cameras other than this one */
	size_t exact;         /* of those, with a memory.max_mb of their own */
	uint64_t exact_bytes; /* of /dev/shm that these take */
};

/* *out has pointers into itself: it stays where it is. Files that cannot be read as a configuration are passed over:
 * their own recorder says so. */
void siblings_find(const struct config *config, struct siblings *out);

#endif
