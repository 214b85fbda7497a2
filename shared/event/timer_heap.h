/*
 * timer_heap.h - the timers of a loop, as a binary heap.
 *
 * The nodes of the heap are the timers themselves, so setting one needs no memory and cannot fail. Insertion and
 * removal take log2(n) steps.
 */
#ifndef SHARED_EVENT_TIMER_HEAP_H
#define SHARED_EVENT_TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

/* One timer. Embed it and zero it; it must not move while it is armed. */
struct loop_timer {
	void (*due)(void *context);
	void *context;
	bool armed;

	/* Private to the heap */
	mono_t at;
	uint64_t order; /* of two timers with the same time, the one that was set first comes first */
	struct loop_timer *parent, *child[2];
};

/* A zeroed heap is empty. */
struct timer_heap {
	struct loop_timer *root; /* the earliest timer; NULL: none */
	size_t count;
	uint64_t order;
};

/* `timer` must not be in the heap yet. */
void timer_heap_insert(struct timer_heap *heap, struct loop_timer *timer, mono_t at);

/* `timer` must be in the heap. */
void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer);

#endif
