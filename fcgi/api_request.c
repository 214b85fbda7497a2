/*
 * api_request.c - the life of a request in a worker: see api.h and api_request.h.
 */
#include "fcgi/api_request.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/api_child.h"
#include "fcgi/web_client.h"

/* Work left behind at a time; what comes on top of that is not done. */
#define LEFT_BEHIND_MAX 4

/* Between two looks at a client for which a child works. */
#define CLIENT_LOOK_US (US_PER_S / 2)

static void orphan_add(struct api_worker *worker, pid_t child)
{
	worker->orphans[worker->orphan_count++] = child;
}

void orphans_reap(struct api_worker *worker)
{
	for (size_t i = worker->orphan_count; i > 0; i--)
		if (waitpid(worker->orphans[i - 1], NULL, WNOHANG) != 0)
			worker->orphans[i - 1] = worker->orphans[--worker->orphan_count];
}

/* A child that runs for a client that is gone. */
static void child_abandon(struct api_request *request)
{
	if (!request->child)
		return;
	worker_unwatch(request->worker, request->child_fd);
	pid_t child = request->child;
	api_child_kill(child);
	close(request->child_fd);
	request->child = 0;
	orphan_add(request->worker, child);
}

static void forget_wait(struct api_request *request)
{
	if (request->wait_fd >= 0)
		worker_unwatch(request->worker, request->wait_fd);
	request->wait_fd = -1;
}

/* What an answer takes up for as long as it is being made and sent. */
static void give_back(struct api_request *request)
{
	child_abandon(request);
	forget_wait(request);
	permit_give_back(request);
	outflow_finish(&request->out);
}

/* Whether an answer that is about to be sent is this worker's to give: always, where the request was not passed on to
 * it (api_pass.h). */
static bool claim_answer(struct api_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (setup->disk && !request->claimed)
		request->claimed = passes_claim(&setup->slots->passes, &request->ticket);
	return !setup->disk || request->claimed;
}

/* This worker is done with a request that it has passed on: no other one answers it from now on. */
static void end_pass(struct api_request *request)
{
	const struct worker_setup *setup = &request->worker->setup;

	if (!setup->disk && request->ticket.number != 0)
		passes_back(&setup->slots->passes, &request->ticket);
	request->ticket = (struct pass_ticket){0};
}

void request_end(struct api_request *request)
{
	if (request->ended)
		return;
	request->ended = true;
	end_pass(request);
	give_back(request);
	worker_unwatch(request->worker, request->fcgi->fd);
	fastcgi_close(request->fcgi);
}

/* The answer has left: until the web server closes, or has been given the time for it. */
static void linger(struct api_request *request)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = &request->connection_watch};

	give_back(request);
	shutdown(request->fcgi->fd, SHUT_WR);
	api_wait(request, FASTCGI_LINGER_MS, request_end);
	epoll_ctl(request->worker->epoll_fd, EPOLL_CTL_MOD, request->fcgi->fd, &event);
}

void request_free(struct api_request *request)
{
	struct api_worker *worker = request->worker;

	if (request->work_free)
		request->work_free(request->work);
	if (request->next)
		request->next->previous = request->previous;
	if (request->previous)
		request->previous->next = request->next;
	else
		worker->requests = request->next;
	free(request);
}

/*
 * The web server has closed; it may have had all that it wanted. One that only passes on that its client has the whole
 * content, and leaves, still waits for the answer's end, and would take a worker that closes without it for dead.
 */
static void request_gone(struct api_request *request)
{
	struct api_worker *worker = request->worker;
	bool delivered = outflow_delivered(&request->out);

	if (delivered)
		outflow_run(&request->out, request->fcgi->fd, worker->scratch, sizeof(worker->scratch));
	request_end(request);
	if (delivered && request->after)
		request->after(request);
}

static void request_send(struct api_request *request)
{
	struct api_worker *worker = request->worker;
	struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP, .data.ptr = &request->connection_watch};

	switch (outflow_run(&request->out, request->fcgi->fd, worker->scratch, sizeof(worker->scratch))) {
	case OUTFLOW_BLOCKED:
		if (!request->sending)
			epoll_ctl(worker->epoll_fd, EPOLL_CTL_MOD, request->fcgi->fd, &event);
		request->sending = true;
		break;
	case OUTFLOW_DONE:
		linger(request);
		if (request->after)
			request->after(request);
		break;
	case OUTFLOW_GONE:
		request_gone(request);
		break;
	}
}

/* Calls a handler; it answered, or it waits for something. */
static void request_step(struct api_request *request, api_handler *handler)
{
	request->resume = NULL;
	forget_wait(request);
	handler(request);
	if (request->out.lead.length > 0 && claim_answer(request))
		request_send(request);
	else if (request->out.lead.length > 0 || !request->resume)
		request_end(request);
}

static void connection_ready(struct api_watch *watch, uint32_t events)
{
	struct api_request *request = watch->context;

	if (request->ended)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		request_gone(request);
	else if (request->out.lead.length > 0)
		request_send(request);
	else
		fastcgi_drain(request->fcgi->fd);
}

static void child_ready(struct api_watch *watch, uint32_t events)
{
	struct api_request *request = watch->context;
	int status = 0;

	(void)events;
	if (request->ended || !request->child)
		return;
	worker_unwatch(request->worker, request->child_fd);
	waitpid(request->child, &status, 0);
	close(request->child_fd);
	request->child = 0;
	request->child_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	request_step(request, request->resume);
}

void api_wait(struct api_request *request, int delay_ms, api_handler *resume)
{
	request->resume = resume;
	request->resume_at.us = mono_now().us + delay_ms * US_PER_MS;
}

static void wait_ready(struct api_watch *watch, uint32_t events)
{
	struct api_request *request = watch->context;

	(void)events;
	if (!request->ended && request->resume)
		request_step(request, request->resume);
}

bool api_wait_fd(struct api_request *request, int fd, int limit_ms, api_handler *resume)
{
	request->wait_watch = (struct api_watch){wait_ready, request};
	if (!worker_watch(request->worker, fd, EPOLLIN, &request->wait_watch))
		return false;
	request->wait_fd = fd;
	api_wait(request, limit_ms, resume);
	return true;
}

/* The child must not keep alive what the worker closes. */
static void child_close_worker(void *context)
{
	struct api_worker *worker = context;

	for (struct api_request *request = worker->requests; request; request = request->next)
		if (!request->ended)
			close(request->fcgi->fd);
	worker->close_in_child(worker);
	close(worker->setup.intake_fd);
	close(worker->setup.retire_fd);
	close(worker->epoll_fd);
	close(worker->signal_fd);
}

static bool has_room_for_child(const struct api_worker *worker)
{
	size_t count = worker->orphan_count;

	for (const struct api_request *request = worker->requests; request; request = request->next)
		count += request->child != 0;
	return count < WORKER_CHILDREN_MAX;
}

/* Where its connection was not to be seen as the child began, it never will be. */
static bool client_is_told(enum web_client client)
{
	return client == WEB_CLIENT_THERE || client == WEB_CLIENT_LEFT;
}

/* A child works for a client: is it still there? */
static void client_look(struct api_request *request)
{
	enum web_client client = web_client_look(request->fcgi);

	request->resume_at.us = mono_now().us + CLIENT_LOOK_US;
	if (client == WEB_CLIENT_LEFT || client == WEB_CLIENT_NOWHERE)
		request_end(request);
}

void request_due(struct api_request *request)
{
	if (request->child)
		client_look(request);
	else
		request_step(request, request->resume);
}

bool api_job_start(struct api_request *request, api_job *run, void *context, api_handler *done)
{
	struct api_worker *worker = request->worker;

	if (!has_room_for_child(worker))
		return false;
	request->child = api_child_start(run, context, child_close_worker, worker, &request->child_fd);
	if (request->child <= 0) {
		request->child = 0;
		return false;
	}
	request->resume = done;
	request->client_seen = client_is_told(web_client_look(request->fcgi));
	request->resume_at.us = request->client_seen ? mono_now().us + CLIENT_LOOK_US : INT64_MAX;
	request->child_watch = (struct api_watch){child_ready, request};
	if (worker_watch(worker, request->child_fd, EPOLLIN, &request->child_watch))
		return true;
	child_abandon(request);
	request->resume = NULL;
	return false;
}

bool api_leave_behind(struct api_request *request, api_job *run, void *context)
{
	struct api_worker *worker = request->worker;
	int fd;

	if (worker->orphan_count >= LEFT_BEHIND_MAX || !has_room_for_child(worker))
		return false;
	pid_t child = api_child_start(run, context, child_close_worker, worker, &fd);

	if (child <= 0)
		return false;
	close(fd);
	orphan_add(worker, child);
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
		.wait_fd = -1,
		.connection_watch = {connection_ready, request},
		.next = worker->requests,
	};
	if (worker->requests)
		worker->requests->previous = request;
	worker->requests = request;
	if (!worker_watch(worker, fcgi->fd, EPOLLRDHUP, &request->connection_watch)) {
		request_end(request);
		return;
	}
	request_step(request, worker->setup.dispatch);
}
