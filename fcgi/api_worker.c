/*
 * api_worker.c - the loop of a worker: see api_worker.h.
 *
 * A request's struct outlives the epoll_wait() turn in which it ended, since a later event of that turn may still point
 * at it: request_end() marks, the end of the turn frees.
 */
#include "fcgi/api_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/api_child.h"
#include "shared/log.h"

#define EVENTS_MAX    64
#define STOP_GRACE_US (2 * US_PER_S)
#define STILLS_MAX    8 /* FFmpeg takes 60 ms for one */

/*
 * lighttpd reads what is queued into memory up to 64 KB at once, and by way of a temporary file beyond: so little is
 * queued that it never gets there. More scratch than such a socket takes at once would be read from the file twice.
 */
#define SOCKET_SNDBUF 24576
#define SCRATCH_BYTES 32768

struct api_worker {
	struct worker_setup setup;
	int epoll_fd, signal_fd;
	struct api_watch listen_watch, signal_watch;
	struct api_camera *cameras;
	struct api_request *requests; /* doubly linked */
	bool accepting, stopping;
	mono_t stop_at;
	uint64_t taken;
	unsigned orphans; /* killed children that are not reaped yet */
	uint8_t scratch[SCRATCH_BYTES];
};

static bool watch_add(struct api_worker *worker, int fd, uint32_t events, struct api_watch *watch)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void watch_remove(struct api_worker *worker, int fd)
{
	epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* A child that runs for a client that is gone. */
static void child_abandon(struct api_request *request)
{
	if (!request->child)
		return;
	watch_remove(request->worker, request->child_fd);
	child_kill(request->child);
	close(request->child_fd);
	request->child = 0;
	request->worker->orphans++;
}

static void request_end(struct api_request *request)
{
	struct api_worker *worker = request->worker;

	if (request->ended)
		return;
	request->ended = true;
	child_abandon(request);
	for (int place = 0; place < API_PLACES; place++)
		if (request->places[place])
			api_slots_end(worker->setup.slots, worker->setup.slot, (enum api_place)place);
	watch_remove(worker, request->fcgi->fd);
	outflow_finish(&request->out);
	fastcgi_close(request->fcgi);
}

static void request_free(struct api_request *request)
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

/* A POST's body that nobody read would turn the close into a reset, which may overtake the answer. */
static void drain_input(struct api_request *request)
{
	char sink[4096];

	for (int i = 0; i < 64 && recv(request->fcgi->fd, sink, sizeof(sink), MSG_DONTWAIT) > 0; i++)
		;
}

static void request_send(struct api_request *request)
{
	struct api_worker *worker = request->worker;
	struct epoll_event event = {.events = EPOLLOUT | EPOLLRDHUP, .data.ptr = &request->connection_watch};

	switch (outflow_run(&request->out, request->fcgi->fd, worker->scratch, sizeof(worker->scratch))) {
	case OUTFLOW_BLOCKED:
		epoll_ctl(worker->epoll_fd, EPOLL_CTL_MOD, request->fcgi->fd, &event);
		break;
	case OUTFLOW_DONE:
		drain_input(request);
		request_end(request);
		break;
	case OUTFLOW_GONE:
		request_end(request);
		break;
	}
}

/* After a handler: it answered, or it waits for something. */
static void request_step(struct api_request *request, api_handler *handler)
{
	request->resume = NULL;
	handler(request);
	if (request->out.lead.length > 0)
		request_send(request);
	else if (!request->resume)
		request_end(request);
}

static void connection_ready(struct api_watch *watch, uint32_t events)
{
	struct api_request *request = watch->context;

	if (request->ended)
		return;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		request_end(request);
	else if (request->out.lead.length > 0)
		request_send(request);
}

static void child_ready(struct api_watch *watch, uint32_t events)
{
	struct api_request *request = watch->context;
	int status = 0;

	(void)events;
	if (request->ended || !request->child)
		return;
	watch_remove(request->worker, request->child_fd);
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

/* The child must not keep alive what the worker closes. */
static void child_close_worker(void *context)
{
	struct api_worker *worker = context;

	for (struct api_request *request = worker->requests; request; request = request->next)
		if (!request->ended)
			close(request->fcgi->fd);
	close(worker->setup.listen_fd);
	close(worker->setup.retire_fd);
	close(worker->epoll_fd);
	close(worker->signal_fd);
}

bool api_job_start(struct api_request *request, api_job *run, void *context, api_handler *done)
{
	struct api_worker *worker = request->worker;

	request->child = child_start(run, context, child_close_worker, worker, &request->child_fd);
	if (request->child <= 0) {
		request->child = 0;
		return false;
	}
	request->resume = done;
	request->resume_at.us = INT64_MAX;
	request->child_watch = (struct api_watch){child_ready, request};
	if (watch_add(worker, request->child_fd, EPOLLIN, &request->child_watch))
		return true;
	child_abandon(request);
	request->resume = NULL;
	return false;
}

void api_leave_behind(struct api_request *request, api_job *run, void *context)
{
	struct api_worker *worker = request->worker;
	int fd;

	if (child_start(run, context, child_close_worker, worker, &fd) <= 0)
		return;
	close(fd);
	worker->orphans++;
}

bool api_place_begin(struct api_request *request, enum api_place place)
{
	const struct worker_setup *setup = &request->worker->setup;
	const struct config_http *limits = &request->camera->config->http;
	int max = place == API_DOWNLOAD ? limits->max_downloads : limits->max_transcodes;

	if (place == API_STILL)
		max = STILLS_MAX;
	if (!request->places[place])
		request->places[place] = api_slots_begin(setup->slots, setup->slot, place, (uint32_t)max);
	return request->places[place];
}

const struct api_slots *api_shared(const struct api_request *request)
{
	return request->worker->setup.slots;
}

static void retire(struct api_worker *worker)
{
	char byte = 0;

	watch_remove(worker, worker->setup.listen_fd);
	worker->accepting = false;
	atomic_store(&worker->setup.slots->slot[worker->setup.slot].retiring, 1);
	if (write(worker->setup.retire_fd, &byte, 1) != 1)
		log_warn("api", "the master was not told of a worker's retirement");
}

static void request_begin(struct api_worker *worker, struct fastcgi_request *fcgi)
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
	    .arrived = mono_now(),
	    .connection_watch = {connection_ready, request},
	    .next = worker->requests,
	};
	if (worker->requests)
		worker->requests->previous = request;
	worker->requests = request;
	if (!watch_add(worker, fcgi->fd, EPOLLRDHUP, &request->connection_watch)) {
		request_end(request);
		return;
	}
	request_step(request, worker->setup.dispatch);
}

static void listen_ready(struct api_watch *watch, uint32_t events)
{
	struct api_worker *worker = watch->context;
	struct fastcgi_request *fcgi;

	(void)events;
	if (!worker->accepting)
		return;
	fcgi = fastcgi_accept(worker->setup.listen_fd, SOCKET_SNDBUF);
	if (!fcgi)
		return;
	atomic_fetch_add(&worker->setup.slots->slot[worker->setup.slot].requests, 1);
	worker->taken++;
	request_begin(worker, fcgi);
	/* Without a slot for its successor a worker goes on: a hundred stalled downloads must not stop the service. */
	if (worker->taken >= worker->setup.retire_after && api_slots_free(worker->setup.slots) > 0)
		retire(worker);
}

static void signal_ready(struct api_watch *watch, uint32_t events)
{
	struct api_worker *worker = watch->context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(worker->signal_fd, &info, sizeof(info)) != sizeof(info) || worker->stopping)
		return;
	if (worker->accepting)
		watch_remove(worker, worker->setup.listen_fd);
	worker->accepting = false;
	worker->stopping = true;
	worker->stop_at.us = mono_now().us + STOP_GRACE_US;
}

/* Milliseconds until something is due; -1: nothing is. */
static int next_timeout_ms(const struct api_worker *worker)
{
	int64_t at_us = worker->stopping ? worker->stop_at.us : INT64_MAX;

	for (const struct api_request *request = worker->requests; request; request = request->next)
		if (request->resume && request->resume_at.us < at_us)
			at_us = request->resume_at.us;
	if (worker->orphans > 0 && at_us == INT64_MAX)
		return 50;
	if (at_us == INT64_MAX)
		return -1;
	int64_t left_us = at_us - mono_now().us;
	return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

static void run_due(struct api_worker *worker)
{
	mono_t now = mono_now();

	for (struct api_request *request = worker->requests, *next; request; request = next) {
		next = request->next;
		if (!request->ended && request->resume && !request->child && request->resume_at.us <= now.us)
			request_step(request, request->resume);
	}
	for (struct api_request *request = worker->requests, *next; request; request = next) {
		next = request->next;
		if (request->ended)
			request_free(request);
	}
	while (worker->orphans > 0 && waitpid(-1, NULL, WNOHANG) > 0)
		worker->orphans--;
}

static bool worker_open(struct api_worker *worker)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	worker->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	worker->cameras = calloc(worker->setup.config->count, sizeof(*worker->cameras));
	if (worker->epoll_fd < 0 || worker->signal_fd < 0 || !worker->cameras)
		return false;
	for (size_t i = 0; i < worker->setup.config->count; i++)
		camera_init(&worker->cameras[i], &worker->setup.config->cameras[i]);
	worker->listen_watch = (struct api_watch){listen_ready, worker};
	worker->signal_watch = (struct api_watch){signal_ready, worker};
	worker->accepting = true;
	return watch_add(worker, worker->setup.listen_fd, EPOLLIN | EPOLLEXCLUSIVE, &worker->listen_watch) &&
	       watch_add(worker, worker->signal_fd, EPOLLIN, &worker->signal_watch);
}

static void worker_close(struct api_worker *worker)
{
	for (struct api_request *request = worker->requests; request; request = request->next)
		request_end(request);
	while (worker->requests)
		request_free(worker->requests);
	for (size_t i = 0; worker->cameras && i < worker->setup.config->count; i++)
		camera_finish(&worker->cameras[i]);
	free(worker->cameras);
	close(worker->epoll_fd);
	close(worker->signal_fd);
	free(worker);
}

static bool worker_finished(const struct api_worker *worker)
{
	if (worker->accepting)
		return false;
	return !worker->requests || (worker->stopping && mono_now().us >= worker->stop_at.us);
}

int worker_run(const struct worker_setup *setup)
{
	struct epoll_event events[EVENTS_MAX];
	struct api_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return EXIT_FAILURE;
	worker->setup = *setup;
	if (!worker_open(worker)) {
		log_error("api", "a worker could not start: %s", strerror(errno));
		worker_close(worker);
		return EXIT_FAILURE;
	}
	while (!worker_finished(worker)) {
		int count = epoll_wait(worker->epoll_fd, events, EVENTS_MAX, next_timeout_ms(worker));
		for (int i = 0; i < count; i++) {
			struct api_watch *watch = events[i].data.ptr;
			watch->ready(watch, events[i].events);
		}
		run_due(worker);
	}
	worker_close(worker);
	return EXIT_SUCCESS;
}
