/*
 * siblings.h - the other cameras of this machine, as far as their .ini files stand in the same folder: their devices
 * are not ours to take as a stand-in, and memory is shared out among all.
 */
#ifndef RECORDERD_SIBLINGS_H
#define RECORDERD_SIBLINGS_H

#include <stddef.h>

#include "shared/config.h"

#define SIBLINGS_MAX 31

struct siblings {
	char devices[SIBLINGS_MAX][CONFIG_DEVICE_BYTES];
	const char *excluded[SIBLINGS_MAX + 1]; /* into devices; NULL-terminated */
	size_t count;                           /* of cameras other than this one */
};

/* Files that cannot be read as a configuration are passed over: their own recorder says so. */
void siblings_find(const struct config *config, struct siblings *out);

#endif
