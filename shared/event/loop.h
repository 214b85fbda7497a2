/*
 * loop.h - the event loop of each program: descriptors and timers in one thread, where nothing may block.
 *
 * One turn waits with epoll(7), calls the watches whose descriptors are ready, then the timers that are due. A callback
 * may set, stop or clear any watch or timer, its own too, and free the object that contains it. A watch or timer that
 * was stopped is not called any more, even if it was ready in the same turn.
 */
#ifndef SHARED_EVENT_LOOP_H
#define SHARED_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/event/timer_heap.h"

struct loop;

/* Watches a descriptor. Embed it and zero it; the loop keeps a pointer to it while it watches. */
struct loop_watch {
	int fd;
	void (*ready)(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP */
	void *context;
	uint32_t events; /* watched for; 0: not watched. Set by loop_watch_set() */
};

/* Returns NULL with errno. */
struct loop *loop_create(void);

/* A forked child may call it too: it closes the child's copies, and the parent's loop goes on. NULL is safe. */
void loop_destroy(struct loop *loop);

/*
 * Watches watch->fd for `events`, which may include EPOLLET or EPOLLEXCLUSIVE; 0 stops. Returns false with errno if
 * epoll refuses: for a regular file, without memory, or for a change of a watch with EPOLLEXCLUSIVE (stop it first).
 *
 * Stop before you close the descriptor: as long as a forked child has a copy of it, epoll would go on watching.
 */
bool loop_watch_set(struct loop *loop, struct loop_watch *watch, uint32_t events);

/*
 * Calls timer->due once, at that time. A timer that is set by a timer's callback runs in the next turn at the earliest,
 * whatever its time, so no timer can starve the others or the descriptors.
 */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono_t at);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* Calls `call` before each callback of the loop, until this is set to NULL. */
void loop_set_before_callback(struct loop *loop, void (*call)(void));

/* Runs until loop_stop() is called, and finishes that turn. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Runs one turn, for a program that has work to do between turns. Waits until something is ready or due. */
void loop_turn(struct loop *loop);

#endif
