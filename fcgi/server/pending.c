/* pending.c - see pending.h. */
#include "fcgi/server/pending.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fcgi/pool/handover.h"

#define PENDING_LIMIT_US US_PER_S

struct pending_connection {
	struct loop_watch watch;
	struct loop_timer limit;
	struct api_worker *worker;
	struct pending_connection *next, *previous;
};

static void pending_free(struct pending_connection *arrival)
{
	loop_watch_set(arrival->worker->loop, &arrival->watch, 0);
	loop_timer_clear(arrival->worker->loop, &arrival->limit);
	if (arrival->next)
		arrival->next->previous = arrival->previous;
	if (arrival->previous)
		arrival->previous->next = arrival->next;
	else
		arrival->worker->pending_connections = arrival->next;
	free(arrival);
}

static void pending_close(void *context)
{
	struct pending_connection *arrival = context;
	int fd = arrival->watch.fd;

	pending_free(arrival);
	close(fd);
}

/* All that there is of a request on a connection; a front worker leaves it there, since it may pass it on. */
static enum fastcgi_outcome read_request(const struct api_worker *worker, int fd, struct fastcgi_request **out)
{
	return worker->setup.disk ? fastcgi_read(fd, out) : fastcgi_read_copy(fd, out);
}

/* All has come, or it will never be a request. */
static void pending_complete(struct pending_connection *arrival)
{
	struct api_worker *worker = arrival->worker;
	struct fastcgi_request *fcgi;
	const struct handover_note note = {.arrived_us = mono_now().us};
	int fd = arrival->watch.fd;

	pending_free(arrival);
	if (read_request(worker, fd, &fcgi) == FASTCGI_READY)
		request_begin(worker, fcgi, &note);
}

static void pending_ready(void *context, uint32_t events)
{
	struct pending_connection *arrival = context;

	if (fastcgi_peek(arrival->watch.fd) != FASTCGI_INCOMPLETE)
		pending_complete(arrival);
	else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		pending_close(arrival);
}

/* Edge-triggered, since what has come of a request stays in the socket. */
static void pending_add(struct api_worker *worker, int fd)
{
	struct pending_connection *arrival = calloc(1, sizeof(*arrival));

	if (!arrival) {
		close(fd);
		return;
	}
	*arrival = (struct pending_connection){
		.watch = {.fd = fd, .ready = pending_ready, .context = arrival},
		.limit = {.due = pending_close, .context = arrival},
		.worker = worker,
		.next = worker->pending_connections,
	};
	if (worker->pending_connections)
		worker->pending_connections->previous = arrival;
	worker->pending_connections = arrival;
	loop_timer_set(worker->loop, &arrival->limit, (mono_t){mono_now().us + PENDING_LIMIT_US});
	if (!loop_watch_set(worker->loop, &arrival->watch, EPOLLIN | EPOLLRDHUP | EPOLLET))
		pending_close(arrival);
}

/* Of a request that was passed on all has come; one that was taken back meanwhile is over. */
static void take_passed(struct api_worker *worker, int fd, const struct handover_note *note)
{
	struct fastcgi_request *fcgi;
	enum fastcgi_outcome outcome = FASTCGI_INCOMPLETE;

	if (pass_table_take(&worker->setup.slots->passes, &note->ticket, worker->setup.slot))
		outcome = read_request(worker, fd, &fcgi);
	if (outcome == FASTCGI_READY)
		request_begin(worker, fcgi, note);
	else if (outcome == FASTCGI_INCOMPLETE)
		close(fd);
}

bool pending_accept(struct api_worker *worker)
{
	struct fastcgi_request *fcgi;
	struct handover_note note;
	int fd = handover_receive(worker->setup.handover_fd, FASTCGI_SNDBUF_BYTES, &note);

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
	case FASTCGI_INCOMPLETE:
		pending_add(worker, fd);
		break;
	case FASTCGI_INVALID:
		break;
	}
	return true;
}

void pending_close_all(struct api_worker *worker)
{
	while (worker->pending_connections)
		pending_close(worker->pending_connections);
}

void pending_close_copies(const struct api_worker *worker)
{
	for (const struct pending_connection *arrival = worker->pending_connections; arrival; arrival = arrival->next)
		close(arrival->watch.fd);
}
