/* mono_cond.h - condition variables with deadlines in monotonic time. */
#ifndef SHARED_BASE_MONO_COND_H
#define SHARED_BASE_MONO_COND_H

#include <pthread.h>
#include <stdbool.h>

#include "shared/base/clock.h"

/* Initialises a condition variable whose deadlines do not depend on the wall clock. Destroy it as any other. */
void mono_cond_init(pthread_cond_t *cond);

/*
 * pthread_cond_timedwait(3) for such a condition variable. Returns false once `deadline` has passed. It may also return
 * early, as that function may, so the caller checks what it waits for.
 */
bool mono_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex, mono_t deadline);

#endif
