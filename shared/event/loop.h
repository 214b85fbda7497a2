/*
 * loop.h - the event loop of each program: descriptors and deadlines, one thread, nothing in it blocks.
 *
 * A turn waits (epoll(7)), calls those whose descriptors are ready, and then those whose deadline has come. Any
 * callback may set, stop or clear any watch and timer, its own too, and free what they are embedded in: what was
 * stopped is not called any more, even if it was ready in the same turn.
 */
#ifndef SHARED_EVENT_LOOP_H
#define SHARED_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/event/timer_heap.h"

struct loop;

/* A descriptor that is watched. Embed it; zero it; the loop keeps a pointer while it is watched. */
struct loop_watch {
	int fd;
	void (*ready)(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLERR, EPOLLHUP */
	void *context;
	uint32_t events; /* what is watched for; 0: not watched */
};

/* NULL with errno. */
struct loop *loop_create(void);

/* In a forked child it closes the child's copies, and the parent's loop goes on. NULL is safe. */
void loop_destroy(struct loop *loop);

/*
 * Watches watch->fd for `events`, with EPOLLET or EPOLLEXCLUSIVE among them where that is wanted; 0 stops. False with
 * errno where epoll refuses: a file, no memory, or a change of what is watched with EPOLLEXCLUSIVE (stop it first).
 *
 * Stop before the descriptor is closed: while a forked child has a copy of it, epoll would go on watching.
 */
bool loop_watch_set(struct loop *loop, struct loop_watch *watch, uint32_t events);

/*
 * Calls timer->due once that time has come. A timer that a timer sets comes in the next turn at the earliest, whatever
 * its time: so none keeps others, or descriptors, waiting.
 */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono_t at);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* Has `call` called before each callback of the loop; NULL: no longer. */
void loop_set_before_callback(struct loop *loop, void (*call)(void));

/* Runs until loop_stop(), to the end of that turn. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* One turn, for a program that has something to do between them. Waits for as long as nothing is due. */
void loop_turn(struct loop *loop);

#endif
