/* pending.c - connections whose request has not arrived completely. */
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
	LIST_ENTRY(pending_connection) link;
};

static void pending_free(struct pending_connection *pending)
{
	loop_watch_set(pending->worker->loop, &pending->watch, 0);
	loop_timer_clear(pending->worker->loop, &pending->limit);
	LIST_REMOVE(pending, link);
	free(pending);
}

static void pending_close(void *context)
{
	struct pending_connection *pending = context;
	int fd = pending->watch.fd;

	pending_free(pending);
	close(fd);
}

/* Reads a request. A front worker leaves its bytes in the socket, since it may pass the connection on. */
static enum fastcgi_outcome read_request(const struct api_worker *worker, int fd, struct fastcgi_request **out)
{
	return worker->setup.disk ? fastcgi_read(fd, out) : fastcgi_read_copy(fd, out);
}

/* The request is complete, or invalid. */
static void pending_complete(struct pending_connection *pending)
{
	struct api_worker *worker = pending->worker;
	struct fastcgi_request *fcgi;
	const struct handover_note note = {.arrived_us = mono_now().us};
	int fd = pending->watch.fd;

	pending_free(pending);
	if (read_request(worker, fd, &fcgi) == FASTCGI_READY)
		request_begin(worker, fcgi, &note);
}

static void pending_ready(void *context, uint32_t events)
{
	struct pending_connection *pending = context;

	if (fastcgi_peek(pending->watch.fd) != FASTCGI_INCOMPLETE)
		pending_complete(pending);
	else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		pending_close(pending);
}

/* Edge-triggered, since the bytes of an incomplete request stay in the socket. */
static void pending_add(struct api_worker *worker, int fd)
{
	struct pending_connection *pending = calloc(1, sizeof(*pending));

	if (!pending) {
		close(fd);
		return;
	}
	*pending = (struct pending_connection){
		.watch = {.fd = fd, .ready = pending_ready, .context = pending},
		.limit = {.due = pending_close, .context = pending},
		.worker = worker,
	};
	LIST_INSERT_HEAD(&worker->pending_connections, pending, link);
	loop_timer_set(worker->loop, &pending->limit, (mono_t){mono_now().us + PENDING_LIMIT_US});
	if (!loop_watch_set(worker->loop, &pending->watch, EPOLLIN | EPOLLRDHUP | EPOLLET))
		pending_close(pending);
}

/* A request that was passed on is always complete. If the front worker has taken it back meanwhile, there is none. */
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
	while (!LIST_EMPTY(&worker->pending_connections))
		pending_close(LIST_FIRST(&worker->pending_connections));
}

void pending_close_copies(const struct api_worker *worker)
{
	const struct pending_connection *pending;

	LIST_FOREACH(pending, &worker->pending_connections, link)
	close(pending->watch.fd);
}
