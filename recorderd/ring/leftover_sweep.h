/*
 * leftover_sweep.h - a recorder that runs looks every hour for memory that nobody will take over any more
 * (leftovers.h), on a thread of its own: to give gigabytes back takes a moment, and so may an .ini on a slow disk.
 */
#ifndef RECORDERD_RING_LEFTOVER_SWEEP_H
#define RECORDERD_RING_LEFTOVER_SWEEP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "shared/base/clock.h"

/* Zeroed: nothing has been looked for yet. */
struct leftover_sweep {
	pthread_t thread;
	bool runs;
	_Atomic bool done; /* by the thread */
	mono_t due;
};

/* From the event loop, some times a second. Waits for nothing. */
void leftover_sweep_tick(struct leftover_sweep *sweep);

/*
 * Waits at most a second for a look that is being taken. False where it takes longer: *sweep stays in use. Safe on a
 * zeroed one.
 */
bool leftover_sweep_finish(struct leftover_sweep *sweep);

#endif
