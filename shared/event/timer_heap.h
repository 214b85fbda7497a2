/*
 * timer_heap.h - the deadlines of a loop: a binary heap whose nodes are the timers themselves, so that setting one
 * needs no memory and cannot fail. Setting and clearing take log2(n) steps.
 */
#ifndef SHARED_EVENT_TIMER_HEAP_H
#define SHARED_EVENT_TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

/* One deadline. Embed it; zero it; it must stay where it is while it is armed. */
struct loop_timer {
	void (*due)(void *context);
	void *context;
	bool armed;

	/* The heap's own */
	mono_t at;
	uint64_t order; /* of two with the same deadline the one that was set first comes first */
	struct loop_timer *parent, *child[2];
};

/* Zero it. */
struct timer_heap {
	struct loop_timer *root; /* the earliest; NULL: there is none */
	size_t count;
	uint64_t order;
};

/* `timer` is not in it. */
void timer_heap_insert(struct timer_heap *heap, struct loop_timer *timer, mono_t at);

/* `timer` is in it. */
void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer);

#endif
