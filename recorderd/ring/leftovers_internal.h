/* leftovers_internal.h - what leftovers.c, which finds and describes rings, has for leftovers_free.c. */
#ifndef RECORDERD_RING_LEFTOVERS_INTERNAL_H
#define RECORDERD_RING_LEFTOVERS_INTERNAL_H

#include "recorderd/ring/leftovers.h"

/* Whether a camera can have that name. */
bool leftover_is_camera_name(const char *name);

/* The usual name of the ring of that camera. */
void leftover_ring_name(const char *camera, char out[64]);

/* The usual names of the rings beside the ring of that name, which are freed with it. */
#define LEFTOVER_SIDE_RINGS      3
#define LEFTOVER_SIDE_NAME_BYTES 64
extern void (*const leftover_side_names[LEFTOVER_SIDE_RINGS])(const char *ring_name,
							      char out[LEFTOVER_SIDE_NAME_BYTES]);

enum leftover_owner { LEFTOVER_ANY_OWNER, LEFTOVER_THIS_USER };

/* As leftovers_find(), but only those of that owner. */
size_t leftovers_find_of(enum leftover_owner owner, struct leftover **out);

#endif
