/*
 * api_worker.c - the loop of a worker: see api_worker.h.
 */
#include "fcgi/api_worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/api_intake.h"
#include "fcgi/api_request.h"
#include "fcgi/disk_pulse.h"
#include "shared/log.h"

#define EVENTS_MAX      64
#define MMAP_THRESHOLD  (128 << 10)
#define STOP_GRACE_US   (2 * US_PER_S)
#define ORPHANS_POLL_MS 50
#define LISTEN_PAUSE_US (US_PER_S / 10)
#define SAY_US          (60 * US_PER_S) /* between two lines of the log about the same */
#define PROBE_US        (2 * US_PER_S)

bool worker_watch(struct api_worker *worker, int fd, uint32_t events, struct api_watch *watch)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

void worker_unwatch(struct api_worker *worker, int fd)
{
	epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static bool listen_begin(struct api_worker *worker)
{
	worker->listening =
		worker_watch(worker, worker->setup.intake_fd, EPOLLIN | EPOLLEXCLUSIVE, &worker->listen_watch);
	return worker->listening;
}

static void listen_end(struct api_worker *worker)
{
	if (worker->listening)
		worker_unwatch(worker, worker->setup.intake_fd);
	worker->listening = false;
}

/* What is short now may be there again soon: others take those that come meanwhile, and with them this one. */
static void listen_pause(struct api_worker *worker)
{
	if (errno == ECONNRESET) { /* the master is gone, and PDEATHSIG is on its way */
		listen_end(worker);
		worker->accepting = false;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return;
	mono_t now = mono_now();
	if (now.us >= worker->say_at.us) {
		log_warn("api", "no more connections can be taken for now: %s", strerror(errno));
		worker->say_at.us = now.us + SAY_US;
	}
	listen_end(worker);
	worker->listen_at.us = now.us + LISTEN_PAUSE_US;
}

static struct api_slot *own_slot(const struct api_worker *worker)
{
	return &worker->setup.slots->slot[worker->setup.slot];
}

static void retire(struct api_worker *worker)
{
	char byte = 0;

	listen_end(worker);
	worker->accepting = false;
	atomic_store(&own_slot(worker)->retiring, 1);
	if (write(worker->setup.retire_fd, &byte, 1) != 1)
		log_warn("api", "the master was not told of a worker's retirement");
}

/*
 * Whether there is a slot for its successor. One whose configuration is not the newest goes without that while another
 * worker is there: where a disk hung through many changes, all slots of its group may be such workers'.
 */
static bool may_retire(const struct api_worker *worker)
{
	const struct api_slots *slots = worker->setup.slots;
	uint32_t group = atomic_load(&own_slot(worker)->group);

	return api_slots_free(slots, group) > 0 ||
	       (worker->outdated && api_slots_served(slots, group, worker->setup.slot));
}

/* Without a slot for its successor a worker goes on: a hundred stalled downloads must not stop the service. */
static void retire_if_due(struct api_worker *worker)
{
	if (worker->accepting && worker->taken >= worker->setup.retire_after && may_retire(worker))
		retire(worker);
}

static void listen_ready(struct api_watch *watch, uint32_t events)
{
	struct api_worker *worker = watch->context;

	(void)events;
	if (!worker->accepting)
		return;
	/* The connection stays in the queue, for the successor. */
	if (!confine_current(worker->setup.confinement) && may_retire(worker)) {
		retire(worker);
		return;
	}
	if (!intake_take(worker)) {
		listen_pause(worker);
		return;
	}
	if (!worker->setup.disk) /* elsewhere it is one that the front has counted */
		atomic_fetch_add(&own_slot(worker)->requests, 1);
	worker->taken++;
	retire_if_due(worker);
}

static void signal_ready(struct api_watch *watch, uint32_t events)
{
	struct api_worker *worker = watch->context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(worker->signal_fd, &info, sizeof(info)) != sizeof(info) || worker->stopping)
		return;
	if (info.ssi_signo == SIGHUP) {
		worker->outdated = true;
		worker->taken = worker->setup.retire_after; /* without room for a successor: as soon as there is */
		retire_if_due(worker);
		return;
	}
	while (worker->accepting && intake_take(worker))
		; /* what was handed over already; the master accepts no more */
	listen_end(worker);
	worker->accepting = false;
	worker->stopping = true;
	worker->stop_at.us = mono_now().us + STOP_GRACE_US;
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}

/* Milliseconds until something is due; -1: nothing is. */
static int next_timeout_ms(const struct api_worker *worker)
{
	int64_t at_us = earlier(worker->stopping ? worker->stop_at.us : INT64_MAX, intake_due_us(worker));

	if (worker->accepting && !worker->listening)
		at_us = earlier(at_us, worker->listen_at.us);
	if (worker->setup.disk)
		at_us = earlier(at_us, worker->probe_at.us);
	for (const struct api_request *request = worker->requests; request; request = request->next)
		if (request->resume)
			at_us = earlier(at_us, request->resume_at.us);
	if (worker->orphan_count > 0)
		at_us = earlier(at_us, mono_now().us + ORPHANS_POLL_MS * US_PER_MS);
	if (at_us == INT64_MAX)
		return -1;
	int64_t left_us = at_us - mono_now().us;
	return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

/*
 * Looks whether the disk answers, also while nobody asks for anything, or while only children of this worker wait for
 * it: the time that it takes is what the other workers see of it (api_slots_hang_us).
 */
static void probe_disk(struct api_worker *worker)
{
	int folder = camera_recordings_folder(&(struct api_camera){.config = worker->setup.disk});

	if (folder >= 0)
		close(folder);
	worker->probe_at.us = mono_now().us + PROBE_US;
}

static void run_due(struct api_worker *worker)
{
	mono_t now = mono_now();

	if (worker->setup.disk && worker->probe_at.us <= now.us)
		probe_disk(worker);
	intake_run_due(worker, now);
	if (worker->accepting && !worker->listening && worker->listen_at.us <= now.us && !listen_begin(worker))
		worker->listen_at.us = now.us + LISTEN_PAUSE_US;
	for (struct api_request *request = worker->requests, *next; request; request = next) {
		next = request->next;
		if (!request->ended && request->resume && request->resume_at.us <= now.us)
			request_due(request);
	}
	for (struct api_request *request = worker->requests, *next; request; request = next) {
		next = request->next;
		if (request->ended)
			request_free(request);
	}
	orphans_reap(worker);
}

static bool worker_open(struct api_worker *worker)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGHUP);
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
	worker->close_in_child = intake_close_copies;
	worker->accepting = true;
	return listen_begin(worker) && worker_watch(worker, worker->signal_fd, EPOLLIN, &worker->signal_watch);
}

static void worker_close(struct api_worker *worker)
{
	intake_finish(worker);
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
	return (!worker->requests && !worker->arrivals && worker->orphan_count == 0) ||
	       (worker->stopping && mono_now().us >= worker->stop_at.us);
}

int worker_run(const struct worker_setup *setup)
{
	struct epoll_event events[EVENTS_MAX];
	struct api_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return EXIT_FAILURE;
	worker->setup = *setup;
	/* A fixed threshold: the tables of a clip of six hours go back to the kernel when it is built. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	if (!worker_open(worker)) {
		log_error("api", "a worker could not start: %s", strerror(errno));
		worker_close(worker);
		return EXIT_FAILURE;
	}
	disk_pulse_into(&own_slot(worker)->busy_us);
	while (!worker_finished(worker)) {
		atomic_store(&own_slot(worker)->busy_us, 0);
		int count = epoll_wait(worker->epoll_fd, events, EVENTS_MAX, next_timeout_ms(worker));
		for (int i = 0; i < count; i++) {
			struct api_watch *watch = events[i].data.ptr;
			disk_pulse();
			watch->ready(watch, events[i].events);
		}
		disk_pulse();
		run_due(worker);
	}
	worker_close(worker);
	return EXIT_SUCCESS;
}
