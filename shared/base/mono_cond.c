/* mono_cond.c - condition variables with deadlines in monotonic time. */
#include "shared/base/mono_cond.h"

void mono_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attributes);
	pthread_condattr_destroy(&attributes);
}

bool mono_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, mono_t deadline)
{
	struct timespec until = {deadline.us / US_PER_S, (long)(deadline.us % US_PER_S) * 1000};

	return pthread_cond_timedwait(cond, mutex, &until) == 0;
}
