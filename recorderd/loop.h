/*
 * loop.h - the event loop: descriptors and deadlines, one thread, nothing in it blocks.
 */
#ifndef RECORDERD_LOOP_H
#define RECORDERD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/clock.h"

struct loop;

/* A descriptor that is watched. Embed it; zero it; the loop keeps a pointer while it is watched. */
struct loop_watch {
	int fd;
	void (*ready)(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP */
	void *context;
	uint32_t events; /* what is watched for; 0: not watched */
};

/* One deadline. Embed it; zero it. */
struct loop_timer {
	void (*due)(void *context);
	void *context;
	mono_t at;
	bool armed;
	struct loop_timer *next;
};

struct loop *loop_create(void);
void loop_destroy(struct loop *loop);

/* Watches watch->fd for `events` (0 stops). False with errno where epoll refuses. */
bool loop_watch_set(struct loop *loop, struct loop_watch *watch, uint32_t events);

void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono_t at);
void loop_timer_clear(struct loop *loop, struct loop_timer *timer);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
