/*
 * ring_notifier.h - a thread that sleeps in one camera's ring (futex) and makes a descriptor readable for each new
 * frame, and when a ring appears: epoll cannot wait for a futex. One thread a camera, however many viewers there are.
 */
#ifndef FCGI_LIVE_RING_NOTIFIER_H
#define FCGI_LIVE_RING_NOTIFIER_H

#include <stdbool.h>

#include "shared/base/reason.h"

struct live_bell;

struct live_bell *live_bell_open(const char *ring_name, struct reason *why);

/* Waits for the thread to end, at most a fifth of a second. NULL is safe. */
void live_bell_close(struct live_bell *bell);

/* An eventfd: read it to quieten it. */
int live_bell_fd(const struct live_bell *bell);

#endif
