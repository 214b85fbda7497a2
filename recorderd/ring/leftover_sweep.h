/*
 * leftover_sweep.h - has a running recorder look every hour for memory that no recorder will take over (leftovers.h).
 *
 * It looks on a thread of its own: giving gigabytes back takes a moment, and so may reading an .ini from a slow disk.
 */
#ifndef RECORDERD_RING_LEFTOVER_SWEEP_H
#define RECORDERD_RING_LEFTOVER_SWEEP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "shared/base/clock.h"

/* Zeroed: no sweep yet. */
struct leftover_sweep {
	pthread_t thread;
	bool running;
	_Atomic bool done; /* set by the thread */
	mono_t due;
};

/* Called by the event loop a few times per second. Does not wait. */
void leftover_sweep_tick(struct leftover_sweep *sweep);

/* Waits at most a second for a sweep to end. False if it takes longer: *sweep is then still in use. Zeroed is safe. */
bool leftover_sweep_finish(struct leftover_sweep *sweep);

#endif
