/* loop.c - the event loop of each program. */
#include "shared/event/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Many are ready at once when a frame goes to hundreds of viewers, and each turn costs a system call. */
#define EVENTS_PER_TURN 256

struct loop {
	int epoll;
	bool stopping;
	struct timer_heap timers;
	int64_t due_us; /* the current or last turn calls timers up to this time */
	void (*before)(void);
	struct epoll_event events[EVENTS_PER_TURN];
	int event_count, event_next;
};

struct loop *loop_create(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->due_us = INT64_MIN;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		free(loop);
		return NULL;
	}
	return loop;
}

void loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	close(loop->epoll);
	free(loop);
}

/* A watch that is stopped while its events are pending in this turn must not be called any more. */
static void forget_events(struct loop *loop, const struct loop_watch *watch)
{
	for (int i = loop->event_next; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
}

bool loop_watch_set(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	int operation = EPOLL_CTL_MOD;

	if (watch->events == events)
		return true;
	if (!events)
		operation = EPOLL_CTL_DEL;
	else if (!watch->events)
		operation = EPOLL_CTL_ADD;
	if (!events)
		forget_events(loop, watch);
	bool done = epoll_ctl(loop->epoll, operation, watch->fd, &event) == 0;
	if (done || !events)
		watch->events = events;
	return done;
}

void loop_timer_clear(struct loop *loop, struct loop_timer *timer)
{
	if (timer->armed)
		timer_heap_remove(&loop->timers, timer);
	timer->armed = false;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, mono_t at)
{
	loop_timer_clear(loop, timer);
	if (at.us < loop->due_us)
		at.us = loop->due_us;
	timer_heap_insert(&loop->timers, timer, at);
	timer->armed = true;
}

void loop_set_before_callback(struct loop *loop, void (*call)(void))
{
	loop->before = call;
}

static void begin_callback(const struct loop *loop)
{
	if (loop->before)
		loop->before();
}

static int wait_ms(const struct loop *loop)
{
	if (!loop->timers.root)
		return -1;
	int64_t left_us = loop->timers.root->at.us - mono_now().us;
	if (left_us <= 0)
		return 0;
	return left_us > 60 * US_PER_S ? 60000 : (int)((left_us + US_PER_MS - 1) / US_PER_MS);
}

static void run_timers(struct loop *loop)
{
	struct loop_timer *timer;
	uint64_t end = loop->timers.order; /* timers that are set from now on wait for the next turn */

	loop->due_us = mono_now().us;
	while ((timer = loop->timers.root) && timer->at.us <= loop->due_us && timer->order < end) {
		loop_timer_clear(loop, timer);
		begin_callback(loop);
		timer->due(timer->context);
	}
}

static void run_events(struct loop *loop)
{
	for (loop->event_next = 0; loop->event_next < loop->event_count;) {
		const struct epoll_event *event = &loop->events[loop->event_next++];
		struct loop_watch *watch = event->data.ptr;

		if (!watch)
			continue;
		/* Another callback of this turn may have changed what is watched for. */
		uint32_t events = event->events & (watch->events | EPOLLERR | EPOLLHUP);
		if (!events)
			continue;
		begin_callback(loop);
		watch->ready(watch->context, events);
	}
	loop->event_count = loop->event_next = 0;
}

void loop_turn(struct loop *loop)
{
	loop->event_count = epoll_wait(loop->epoll, loop->events, EVENTS_PER_TURN, wait_ms(loop));
	if (loop->event_count < 0)
		loop->event_count = 0; /* EINTR is the only error of a valid epoll descriptor */
	run_events(loop);
	run_timers(loop);
}

void loop_run(struct loop *loop)
{
	loop->stopping = false;
	while (!loop->stopping)
		loop_turn(loop);
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}
