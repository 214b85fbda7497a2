/*
 * ring_notifier.h - a thread that waits on the futex of one camera's ring, and makes a descriptor readable for each
 * new frame and whenever a ring appears.
 *
 * epoll cannot wait for a futex. There is one thread per camera, however many viewers it has.
 */
#ifndef FCGI_FEED_RING_NOTIFIER_H
#define FCGI_FEED_RING_NOTIFIER_H

#include <stdbool.h>

#include "shared/base/reason.h"

struct ring_notifier;

/* Returns NULL and sets *why if it cannot start. There need not be a ring. */
struct ring_notifier *ring_notifier_open(const char *ring_name, struct reason *why);

/* Tells the thread to end, so that several can do so at the same time. NULL is safe here and below. */
void ring_notifier_stop(struct ring_notifier *notifier);

/* Waits for the thread to end, which takes at most a fifth of a second. */
void ring_notifier_close(struct ring_notifier *notifier);

/* An eventfd(2); reading it resets it. */
int ring_notifier_fd(const struct ring_notifier *notifier);

#endif
