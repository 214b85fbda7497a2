/*
 * ring_notifier.h - a thread that sleeps in one camera's ring (futex) and makes a descriptor readable for each new
 * frame, and when a ring appears: epoll cannot wait for a futex. One thread a camera, however many viewers there are.
 */
#ifndef FCGI_LIVE_RING_NOTIFIER_H
#define FCGI_LIVE_RING_NOTIFIER_H

#include <stdbool.h>

#include "shared/base/reason.h"

struct ring_notifier;

struct ring_notifier *ring_notifier_open(const char *ring_name, struct reason *why);

/* Waits for the thread to end, at most a fifth of a second. NULL is safe. */
void ring_notifier_close(struct ring_notifier *bell);

/* An eventfd: read it to quieten it. */
int ring_notifier_fd(const struct ring_notifier *bell);

#endif
