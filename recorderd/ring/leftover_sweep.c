/* leftover_sweep.c - an hourly sweep, on a thread. */
#include "recorderd/ring/leftover_sweep.h"

#include "recorderd/ring/leftovers.h"

#define INTERVAL_US (3600 * US_PER_S)

static void *sweep_thread(void *context)
{
	struct leftover_sweep *sweep = context;

	leftovers_free_old(LEFTOVER_OLD_US);
	atomic_store(&sweep->done, true);
	return NULL;
}

void leftover_sweep_tick(struct leftover_sweep *sweep)
{
	mono_t now = mono_now();

	if (sweep->running && atomic_load(&sweep->done))
		leftover_sweep_finish(sweep);
	if (sweep->running || now.us < sweep->due.us)
		return;
	sweep->due.us = now.us + INTERVAL_US;
	atomic_store(&sweep->done, false);
	sweep->running = pthread_create(&sweep->thread, NULL, sweep_thread, sweep) == 0;
}

bool leftover_sweep_finish(struct leftover_sweep *sweep)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	if (sweep->running && pthread_timedjoin_np(sweep->thread, NULL, &until) != 0)
		return false;
	sweep->running = false;
	return true;
}
