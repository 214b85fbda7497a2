/* pending.c - see pending.h. */
#include "fcgi/server/pending.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fcgi/pool/handover.h"

#define ARRIVAL_US US_PER_S

struct arrival {
	struct loop_watch watch;
	struct loop_timer limit;
	struct api_worker *worker;
	struct arrival *next, *previous;
};

static void arrival_free(struct arrival *arrival)
{
	loop_watch_set(arrival->worker->loop, &arrival->watch, 0);
	loop_timer_clear(arrival->worker->loop, &arrival->limit);
	if (arrival->next)
		arrival->next->previous = arrival->previous;
	if (arrival->previous)
		arrival->previous->next = arrival->next;
	else
		arrival->worker->arrivals = arrival->next;
	free(arrival);
}

static void arrival_close(void *context)
{
	struct arrival *arrival = context;
	int fd = arrival->watch.fd;

	arrival_free(arrival);
	close(fd);
}

/* All that there is of a request on a connection; a front worker leaves it there, since it may pass it on. */
static enum fastcgi_outcome read_request(const struct api_worker *worker, int fd, struct fastcgi_request **out)
{
	return worker->setup.disk ? fastcgi_read(fd, out) : fastcgi_read_copy(fd, out);
}

/* All has come, or it will never be a request. */
static void arrival_end(struct arrival *arrival)
{
	struct api_worker *worker = arrival->worker;
	struct fastcgi_request *fcgi;
	const struct handover_note note = {.arrived_us = mono_now().us};
	int fd = arrival->watch.fd;

	arrival_free(arrival);
	if (read_request(worker, fd, &fcgi) == FASTCGI_READY)
		request_begin(worker, fcgi, &note);
}

static void arrival_ready(void *context, uint32_t events)
{
	struct arrival *arrival = context;

	if (fastcgi_look(arrival->watch.fd) != FASTCGI_MORE)
		arrival_end(arrival);
	else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		arrival_close(arrival);
}

/* Edge-triggered, since what has come of a request stays in the socket. */
static void arrival_add(struct api_worker *worker, int fd)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));

	if (!arrival) {
		close(fd);
		return;
	}
	*arrival = (struct arrival){
		.watch = {.fd = fd, .ready = arrival_ready, .context = arrival},
		.limit = {.due = arrival_close, .context = arrival},
		.worker = worker,
		.next = worker->arrivals,
	};
	if (worker->arrivals)
		worker->arrivals->previous = arrival;
	worker->arrivals = arrival;
	loop_timer_set(worker->loop, &arrival->limit, (mono_t){mono_now().us + ARRIVAL_US});
	if (!loop_watch_set(worker->loop, &arrival->watch, EPOLLIN | EPOLLRDHUP | EPOLLET))
		arrival_close(arrival);
}

/* Of a request that was passed on all has come; one that was taken back meanwhile is over. */
static void take_passed(struct api_worker *worker, int fd, const struct handover_note *note)
{
	struct fastcgi_request *fcgi;
	enum fastcgi_outcome outcome = FASTCGI_MORE;

	if (passes_take(&worker->setup.slots->passes, &note->ticket, worker->setup.slot))
		outcome = read_request(worker, fd, &fcgi);
	if (outcome == FASTCGI_READY)
		request_begin(worker, fcgi, note);
	else if (outcome == FASTCGI_MORE)
		close(fd);
}

bool intake_take(struct api_worker *worker)
{
	struct fastcgi_request *fcgi;
	struct handover_note note;
	int fd = handover_take(worker->setup.intake_fd, FASTCGI_SNDBUF_BYTES, &note);

	if (fd < 0)
		return false;
	if (note.ticket.number != 0) {
		take_passed(worker, fd, &note);
		return true;
	}
	note.arrived_us = mono_now().us;
	switch (read_request(worker, fd, &fcgi)) {
	case FASTCGI_READY:
		request_begin(worker, fcgi, &note);
		break;
	case FASTCGI_MORE:
		arrival_add(worker, fd);
		break;
	case FASTCGI_BAD:
		break;
	}
	return true;
}

void intake_finish(struct api_worker *worker)
{
	while (worker->arrivals)
		arrival_close(worker->arrivals);
}

void intake_close_copies(const struct api_worker *worker)
{
	for (const struct arrival *arrival = worker->arrivals; arrival; arrival = arrival->next)
		close(arrival->watch.fd);
}
