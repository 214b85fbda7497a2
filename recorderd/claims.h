/*
 * claims.h - cameras that other recorders of this machine had last, and wait for. Where they take any camera, or name
 * theirs by a link that udev has yet to make, nothing in an .ini tells whose a camera is that has just been plugged in;
 * what their rings say does (shared/state.h).
 */
#ifndef RECORDERD_CLAIMS_H
#define RECORDERD_CLAIMS_H

#include <stdbool.h>

#include "recorderd/device.h"

/*
 * True where the device is the same camera on the same bus as the one that a recorder with one of these rings (NULL
 * terminates; may be NULL) had last, unless `own_ring` had it last too. A stand-in is nobody's. A recorder that streams
 * claims its node alone: other nodes of such a camera are free.
 */
bool claims_forbid(const struct device *device, const char *const *rings, const char *own_ring);

#endif
