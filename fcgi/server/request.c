/*
 * request.c - the life of a request in a worker: see server.h and request.h.
 */
#include "fcgi/server/request.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/io/job.h"
#include "fcgi/server/client_probe.h"

/* Work left behind at a time; what comes on top of that is not done. */
#define DETACHED_MAX 4

/* Between two looks at a client for which a child works. */
#define CLIENT_LOOK_US (US_PER_S / 2)

#define REAP_US (US_PER_S / 20)

void children_reap(void *context)
{
	struct api_worker *worker = context;

	subprocess_reap_detached();
	if (subprocess_unreaped() > 0)
		loop_timer_set(worker->loop, &worker->reaping, (mono_t){mono_now().us + REAP_US});
}

/* A child that runs for a client that is gone. */
static void child_abandon(struct api_request *request)
{
	if (!request->child.pid)
		return;
	loop_watch_set(request->worker->loop, &request->child_watch, 0);
	subprocess_kill(&request->child);
	children_reap(request->worker);
}

static void forget_wait(struct api_request *request)
{
	loop_watch_set(request->worker->loop, &request->wait_watch, 0);
	loop_timer_clear(request->worker->loop, &request->timer);
	request->resume = NULL;
}

/* What an answer takes up for as long as it is being made and sent. */
static void give_back(struct api_request *request)
{
	child_abandon(request);
	forget_wait(request);
	permits_release_all(request);
	response_writer_free(&request->out);
}

/* Whether an answer that is about to be sent is this worker's to give: always, where the request was not passed on to
 * it (request_pass.h). */
static bool claim_answer(struct api_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (setup->disk && !request->claimed)
		request->claimed = pass_table_claim(&setup->slots->passes, &request->ticket);
	return !setup->disk || request->claimed;
}

/* This worker is done with a request that it has passed on: no other one answers it from now on. */
static void end_pass(struct api_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (!setup->disk && request->ticket.number != 0)
		pass_table_revoke(&setup->slots->passes, &request->ticket);
	request->ticket = (struct pass_ticket){0};
}

static void list_as_ended(struct api_request *request)
{
	struct api_worker *worker = request->worker;

	request->ended = true;
	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		worker->requests = request->next;
	request->next = worker->ended;
	worker->ended = request;
}

void request_end(struct api_request *request)
{
	if (request->ended)
		return;
	list_as_ended(request);
	end_pass(request);
	give_back(request);
	loop_watch_set(request->worker->loop, &request->connection_watch, 0);
	fastcgi_close(request->fcgi);
}

void requests_free_ended(struct api_worker *worker)
{
	struct api_request *request;

	while ((request = worker->ended)) {
		worker->ended = request->next;
		if (request->work_free)
			request->work_free(request->work);
		free(request);
	}
}

/* The answer has left: until the web server closes, or has been given the time for it. */
static void linger(struct api_request *request)
{
	give_back(request);
	shutdown(request->fcgi->fd, SHUT_WR);
	api_wait(request, FASTCGI_LINGER_MS, request_end);
	loop_watch_set(request->worker->loop, &request->connection_watch, EPOLLIN | EPOLLRDHUP);
}

/*
 * The web server has closed; it may have had all that it wanted. One that only passes on that its client has the whole
 * content, and leaves, still waits for the answer's end, and would take a worker that closes without it for dead.
 */
static void request_gone(struct api_request *request)
{
	struct api_worker *worker = request->worker;
	bool delivered = response_writer_is_delivered(&request->out);

	if (delivered)
		response_writer_send(&request->out, request->fcgi->fd, worker->scratch, sizeof(worker->scratch));
	request_end(request);
	if (delivered && request->after)
		request->after(request);
}

static int64_t stall_window_us(const struct api_request *request)
{
	const struct api_camera *camera = request->camera ? request->camera : &request->cameras[0];

	return camera->config->http.stall_seconds * US_PER_S;
}

/* What has left the kernel too, where it tells that: it takes from the web server what a slow client needs minutes for.
 */
static uint64_t taken_bytes(struct api_request *request)
{
	uint32_t queued_bytes;

	if (client_probe_queued_bytes(request->fcgi, &queued_bytes))
		request->queued_bytes = queued_bytes;
	return request->out.sent > request->queued_bytes ? request->out.sent - request->queued_bytes : 0;
}

/*
 * A look at a client that is being sent to: one that takes next to nothing holds its place for nobody's benefit. While
 * its connection has room it waits for this worker, and not the other way round.
 */
static void pace_check(struct api_request *request)
{
	struct pollfd connection = {request->fcgi->fd, POLLOUT, 0};
	int64_t window_us = stall_window_us(request);
	bool full = poll(&connection, 1, 0) == 0;

	if (pace_update(&request->pace, taken_bytes(request), full, mono_now().us, window_us))
		api_wait(request, (int)(pace_interval_us(window_us) / US_PER_MS), pace_check);
	else
		request_end(request);
}

/* The connection takes no more for now. */
static void pace_start(struct api_request *request)
{
	int64_t window_us = stall_window_us(request);

	if (window_us == 0 || request->resume == pace_check)
		return;
	pace_begin(&request->pace, taken_bytes(request), mono_now().us);
	api_wait(request, (int)(pace_interval_us(window_us) / US_PER_MS), pace_check);
}

static void request_send(struct api_request *request)
{
	struct api_worker *worker = request->worker;

	switch (response_writer_send(&request->out, request->fcgi->fd, worker->scratch, sizeof(worker->scratch))) {
	case RESPONSE_WRITER_BLOCKED:
		loop_watch_set(worker->loop, &request->connection_watch, EPOLLOUT | EPOLLRDHUP);
		pace_start(request);
		break;
	case RESPONSE_WRITER_DONE:
		linger(request);
		if (request->after)
			request->after(request);
		break;
	case RESPONSE_WRITER_FAILED:
		request_gone(request);
		break;
	}
}

/* Calls a handler; it answered, or it waits for something. */
static void request_step(struct api_request *request, api_handler *handler)
{
	forget_wait(request);
	handler(request);
	if (request->out.head.length > 0 && claim_answer(request))
		request_send(request);
	else if (request->out.head.length > 0 || !request->resume)
		request_end(request);
}

static void connection_ready(void *context, uint32_t events)
{
	struct api_request *request = context;

	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		request_gone(request);
	else if (request->out.head.length > 0)
		request_send(request);
	else
		fastcgi_drain(request->fcgi->fd);
}

static void child_ready(void *context, uint32_t events)
{
	struct api_request *request = context;

	(void)events;
	if (subprocess_reap(&request->child) == SUBPROCESS_RUNNING)
		return;
	loop_watch_set(request->worker->loop, &request->child_watch, 0);
	request->child_status = request->child.exit_status;
	subprocess_kill(&request->child);
	request_step(request, request->resume);
}

void api_wait(struct api_request *request, int delay_ms, api_handler *resume)
{
	request->resume = resume;
	loop_timer_set(request->worker->loop, &request->timer, (mono_t){mono_now().us + delay_ms * US_PER_MS});
}

static void wait_ready(void *context, uint32_t events)
{
	struct api_request *request = context;

	(void)events;
	request_step(request, request->resume);
}

bool api_wait_fd(struct api_request *request, int fd, int limit_ms, api_handler *resume)
{
	request->wait_watch = (struct loop_watch){.fd = fd, .ready = wait_ready, .context = request};
	if (!loop_watch_set(request->worker->loop, &request->wait_watch, EPOLLIN))
		return false;
	api_wait(request, limit_ms, resume);
	return true;
}

/* The child must not keep alive what the worker closes. */
static void child_close_worker(void *context)
{
	struct api_worker *worker = context;

	for (struct api_request *request = worker->requests; request; request = request->next)
		close(request->fcgi->fd);
	worker->close_in_child(worker);
	close(worker->setup.handover_fd);
	close(worker->setup.retire_fd);
	close(worker->signal_watch.fd);
	loop_destroy(worker->loop);
}

/* Where its connection was not to be seen as the child began, it never will be. */
static bool client_is_known(enum client_state client)
{
	return client == CLIENT_CONNECTED || client == CLIENT_CLOSED;
}

static void look_again(struct api_request *request)
{
	loop_timer_set(request->worker->loop, &request->timer, (mono_t){mono_now().us + CLIENT_LOOK_US});
}

/* A child works for a client: is it still there? */
static void client_check(struct api_request *request)
{
	enum client_state client = client_probe(request->fcgi);

	look_again(request);
	if (client == CLIENT_CLOSED || client == CLIENT_NOT_FOUND)
		request_end(request);
}

static void timer_due(void *context)
{
	struct api_request *request = context;

	if (request->child.pid)
		client_check(request);
	else if (request->resume == pace_check)
		pace_check(request);
	else
		request_step(request, request->resume);
}

bool api_job_start(struct api_request *request, api_job *run, void *context, api_handler *done)
{
	struct api_worker *worker = request->worker;
	const struct child_job job = {run, context, child_close_worker, worker};

	if (!child_job_start(&request->child, &job, true))
		return false;
	request->resume = done;
	request->client_seen = client_is_known(client_probe(request->fcgi));
	request->child_watch =
		(struct loop_watch){.fd = request->child.exit_fd, .ready = child_ready, .context = request};
	if (loop_watch_set(worker->loop, &request->child_watch, EPOLLIN)) {
		if (request->client_seen)
			look_again(request);
		return true;
	}
	child_abandon(request);
	request->resume = NULL;
	return false;
}

bool api_start_detached(struct api_request *request, api_job *run, void *context)
{
	const struct child_job job = {run, context, child_close_worker, request->worker};
	struct subprocess child;

	subprocess_reap_detached();
	if (subprocess_unreaped() >= DETACHED_MAX || !child_job_start(&child, &job, false))
		return false;
	subprocess_detach(&child);
	children_reap(request->worker);
	return true;
}

void request_begin(struct api_worker *worker, struct fastcgi_request *fcgi, const struct handover_note *note)
{
	struct api_request *request = calloc(1, sizeof(*request));

	if (!request) {
		fastcgi_close(fcgi);
		return;
	}
	*request = (struct api_request){
		.worker = worker,
		.fcgi = fcgi,
		.cameras = worker->cameras,
		.camera_count = worker->setup.config->count,
		.arrived = {note->arrived_us},
		.ticket = note->ticket,
		.child = SUBPROCESS_NONE,
		.timer = {.due = timer_due, .context = request},
		.connection_watch = {.fd = fcgi->fd, .ready = connection_ready, .context = request},
		.next = worker->requests,
	};
	if (worker->requests)
		worker->requests->previous = request;
	worker->requests = request;
	if (!loop_watch_set(worker->loop, &request->connection_watch, EPOLLRDHUP)) {
		request_end(request);
		return;
	}
	request_step(request, worker->setup.dispatch);
}
