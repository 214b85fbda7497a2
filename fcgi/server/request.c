/* request.c - the life of a request in a worker. */
#include "fcgi/server/request.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/io/job.h"
#include "fcgi/server/client_probe.h"
#include "fcgi/server/request_fetch.h"

/* Detached children that may run at a time; further work is not done. */
#define DETACHED_MAX 4

/* Between two checks of a client for whom a child works. */
#define CLIENT_CHECK_US (US_PER_S / 2)

#define REAP_US (US_PER_S / 20)

void children_reap(void *context)
{
	struct api_worker *worker = context;

	subprocess_reap_detached();
	if (subprocess_unreaped() > 0)
		loop_timer_set(worker->loop, &worker->reaping, (mono_t){mono_now().us + REAP_US});
}

/* Kills a child whose client is gone. */
static void child_kill(struct worker_request *request)
{
	if (!request->child.pid)
		return;
	loop_watch_set(request->worker->loop, &request->child_watch, 0);
	subprocess_kill(&request->child);
	children_reap(request->worker);
}

/* Releases what a response needs while it is being made and sent. */
static void release_resources(struct worker_request *request)
{
	child_kill(request);
	request_stop_waiting(request);
	request_fetch_cancel_ahead(request);
	permits_release_all(&request->api);
	response_writer_free(&request->out);
}

/* True if the response may be sent by this worker. A disk worker has to claim the request first (pass_table.h). */
static bool claim_response(struct worker_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (setup->disk && !request->claimed)
		request->claimed = pass_table_claim(&setup->slots->passes, &request->ticket);
	return !setup->disk || request->claimed;
}

/* This worker is done with a request that it has passed on: nobody else may respond from now on. */
static void end_pass(struct worker_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (!setup->disk && request->ticket.number != 0)
		pass_table_revoke(&setup->slots->passes, &request->ticket);
	request->ticket = (struct pass_ticket){0};
}

static void move_to_ended(struct worker_request *request)
{
	struct api_worker *worker = request->worker;

	request->ended = true;
	LIST_REMOVE(request, link);
	LIST_INSERT_HEAD(&worker->ended, request, link);
}

void request_end(struct worker_request *request)
{
	if (request->ended)
		return;
	move_to_ended(request);
	end_pass(request);
	release_resources(request);
	loop_watch_set(request->worker->loop, &request->connection_watch, 0);
	fastcgi_close(request->api.fcgi);
}

void requests_free_ended(struct api_worker *worker)
{
	struct worker_request *request;

	while ((request = LIST_FIRST(&worker->ended))) {
		LIST_REMOVE(request, link);
		if (request->api.work_free)
			request->api.work_free(request->api.work);
		free(request->api.remote);
		free(request);
	}
}

static void linger_over(struct api_request *request)
{
	request_end(worker_request_of(request));
}

/* The response has left: waits until the web server closes the connection, or has had the time to. */
static void linger(struct worker_request *request)
{
	release_resources(request);
	shutdown(request->api.fcgi->fd, SHUT_WR);
	api_wait(&request->api, FASTCGI_LINGER_MS, linger_over);
	loop_watch_set(request->worker->loop, &request->connection_watch, EPOLLIN | EPOLLRDHUP);
}

static enum response_writer_outcome send_some(struct worker_request *request)
{
	struct api_worker *worker = request->worker;

	return response_writer_send(&request->out, request->api.fcgi->fd, worker->scratch, sizeof(worker->scratch));
}

static void call_after(struct worker_request *request)
{
	if (request->api.after)
		request->api.after(&request->api);
}

/*
 * The web server has closed the connection, possibly because it has all that it wants. One that merely reports that
 * its client left after the whole content still expects the end of the response, and would take a worker that
 * closes without it for dead.
 */
static void connection_closed(struct worker_request *request)
{
	bool delivered = response_writer_is_delivered(&request->out);

	if (delivered)
		send_some(request);
	request_end(request);
	if (delivered)
		call_after(request);
}

static int64_t stall_window_us(const struct worker_request *request)
{
	return request_limits(&request->api)->stall_seconds * US_PER_S;
}

/*
 * The bytes that the client has, if the kernel tells: it takes from the web server what a slow client reads in
 * minutes.
 */
static uint64_t taken_bytes(struct worker_request *request)
{
	uint32_t queued_bytes;

	if (client_probe_queued_bytes(request->api.fcgi, &queued_bytes))
		request->queued_bytes = queued_bytes;
	return request->out.sent > request->queued_bytes ? request->out.sent - request->queued_bytes : 0;
}

static void pace_check(struct api_request *api);

static void check_pace_later(struct worker_request *request, int64_t window_us)
{
	api_wait(&request->api, (int)(pace_interval_us(window_us) / US_PER_MS), pace_check);
}

/*
 * Ends the request of a client that reads next to nothing: it keeps a permit from others. While its connection has
 * room, the client is waiting for this worker, not the worker for the client.
 */
static void pace_check(struct api_request *api)
{
	struct worker_request *request = worker_request_of(api);
	struct pollfd connection = {api->fcgi->fd, POLLOUT, 0};
	int64_t window_us = stall_window_us(request);
	bool full = poll(&connection, 1, 0) == 0;

	if (pace_update(&request->pace, taken_bytes(request), full, mono_now().us, window_us))
		check_pace_later(request, window_us);
	else
		request_end(request);
}

/* The connection takes no more for now. */
static void pace_start(struct worker_request *request)
{
	int64_t window_us = stall_window_us(request);

	if (window_us == 0 || request->resume == pace_check)
		return;
	pace_begin(&request->pace, taken_bytes(request), mono_now().us);
	check_pace_later(request, window_us);
}

static void request_send(struct worker_request *request)
{
	switch (send_some(request)) {
	case RESPONSE_WRITER_BLOCKED:
		loop_watch_set(request->worker->loop, &request->connection_watch, EPOLLOUT | EPOLLRDHUP);
		pace_start(request);
		request_fetch_ahead(request);
		break;
	case RESPONSE_WRITER_LACKS_BYTES:
		loop_watch_set(request->worker->loop, &request->connection_watch, EPOLLRDHUP);
		if (!request->resume || request->resume == pace_check)
			request_fetch_missing(request);
		break;
	case RESPONSE_WRITER_DONE:
		linger(request);
		call_after(request);
		break;
	case RESPONSE_WRITER_FAILED:
		connection_closed(request);
		break;
	}
}

/* Calls a handler, which either responds or waits for something. */
static void request_step(struct worker_request *request, api_handler *handler)
{
	request_stop_waiting(request);
	handler(&request->api);
	bool responded = request->out.head.length > 0;
	if (responded && claim_response(request))
		request_send(request);
	else if (responded || !request->resume)
		request_end(request);
}

static void connection_ready(void *context, uint32_t events)
{
	struct worker_request *request = context;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		connection_closed(request);
	else if (request->out.head.length > 0)
		request_send(request);
	else
		fastcgi_drain(request->api.fcgi->fd);
}

static void child_ready(void *context, uint32_t events)
{
	struct worker_request *request = context;

	(void)events;
	if (subprocess_reap(&request->child) == SUBPROCESS_RUNNING)
		return;
	loop_watch_set(request->worker->loop, &request->child_watch, 0);
	request->api.child_status = request->child.exit_status;
	subprocess_kill(&request->child);
	request_step(request, request->resume);
}

static void wait_ready(void *context, uint32_t events)
{
	struct worker_request *request = context;

	(void)events;
	request_step(request, request->resume);
}

/* The child must not keep open what the worker closes. */
static void child_close_worker(void *context)
{
	struct api_worker *worker = context;
	struct worker_request *request;

	LIST_FOREACH(request, &worker->requests, link)
	close(request->api.fcgi->fd);
	worker->close_in_child(worker);
	close(worker->setup.handover_fd);
	close(worker->setup.retire_fd);
	close(worker->signal_watch.fd);
	fetch_client_close_copy(worker->fetch);
	loop_destroy(worker->loop);
}

/* A connection that is not visible when its child starts never will be. */
static bool client_is_visible(const struct fastcgi_request *fcgi)
{
	enum client_state client = client_probe(fcgi);

	return client == CLIENT_CONNECTED || client == CLIENT_CLOSED;
}

static void check_client_later(struct worker_request *request)
{
	loop_timer_set(request->worker->loop, &request->timer, (mono_t){mono_now().us + CLIENT_CHECK_US});
}

/* Ends the request if the client for whom a child works has left. */
static void client_check(struct worker_request *request)
{
	enum client_state client = client_probe(request->api.fcgi);

	check_client_later(request);
	if (client == CLIENT_CLOSED || client == CLIENT_NOT_FOUND)
		request_end(request);
}

static void timer_due(void *context)
{
	struct worker_request *request = context;

	if (request->child.pid)
		client_check(request);
	else if (request->resume == pace_check)
		pace_check(&request->api);
	else
		request_step(request, request->resume);
}

bool api_job_start(struct api_request *api, api_job *run, void *context, api_handler *done)
{
	struct worker_request *request = worker_request_of(api);
	struct api_worker *worker = request->worker;
	const struct child_job job = {run, context, child_close_worker, worker};

	errno = 0;
	if (!child_job_start(&request->child, &job, true)) {
		errno = errno ? errno : EAGAIN; /* SUBPROCESS_MAX */
		return false;
	}
	request->resume = done;
	request->child_watch =
		(struct loop_watch){.fd = request->child.exit_fd, .ready = child_ready, .context = request};
	if (loop_watch_set(worker->loop, &request->child_watch, EPOLLIN)) {
		if (client_is_visible(api->fcgi))
			check_client_later(request);
		return true;
	}
	int error = errno;
	child_kill(request);
	request->resume = NULL;
	errno = error;
	return false;
}

bool api_start_detached(struct api_request *api, api_job *run, void *context)
{
	struct api_worker *worker = worker_request_of(api)->worker;
	const struct child_job job = {run, context, child_close_worker, worker};
	struct subprocess child;

	subprocess_reap_detached();
	if (subprocess_unreaped() >= DETACHED_MAX || !child_job_start(&child, &job, false))
		return false;
	subprocess_detach(&child);
	children_reap(worker);
	return true;
}

void request_begin(struct api_worker *worker, struct fastcgi_request *fcgi, const struct handover_note *note)
{
	struct worker_request *request = calloc(1, sizeof(*request));

	if (!request) {
		fastcgi_close(fcgi);
		return;
	}
	*request = (struct worker_request){
		.api =
			{
				.fcgi = fcgi,
				.cameras = worker->cameras,
				.camera_count = worker->setup.config->count,
				.arrived = {note->arrived_us},
			},
		.worker = worker,
		.ticket = note->ticket,
		.child = SUBPROCESS_NONE,
		.timer = {.due = timer_due, .context = request},
		.wait_watch = {.ready = wait_ready, .context = request},
		.connection_watch = {.fd = fcgi->fd, .ready = connection_ready, .context = request},
	};
	LIST_INSERT_HEAD(&worker->requests, request, link);
	if (!loop_watch_set(worker->loop, &request->connection_watch, EPOLLRDHUP)) {
		request_end(request);
		return;
	}
	request_step(request, worker->setup.dispatch);
}
