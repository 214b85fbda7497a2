/*
 * worker.c - the loop of a worker: see worker.h.
 */
#include "fcgi/server/worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/io/disk_pulse.h"
#include "fcgi/server/pending.h"
#include "fcgi/server/request.h"
#include "shared/base/log.h"

#define MMAP_THRESHOLD  (128 << 10)
#define STOP_GRACE_US   (2 * US_PER_S)
#define LISTEN_PAUSE_US (US_PER_S / 10)
#define SAY_US          (60 * US_PER_S) /* between two lines of the log about the same */
#define PROBE_US        (2 * US_PER_S)

static bool listen_begin(struct api_worker *worker)
{
	return loop_watch_set(worker->loop, &worker->handover_watch, EPOLLIN | EPOLLEXCLUSIVE);
}

static void listen_end(struct api_worker *worker)
{
	loop_watch_set(worker->loop, &worker->handover_watch, 0);
	loop_timer_clear(worker->loop, &worker->listen_again);
}

static void pause_over(void *context)
{
	struct api_worker *worker = context;

	if (!listen_begin(worker))
		loop_timer_set(worker->loop, &worker->listen_again, (mono_t){mono_now().us + LISTEN_PAUSE_US});
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
	loop_timer_set(worker->loop, &worker->listen_again, (mono_t){now.us + LISTEN_PAUSE_US});
}

static struct worker_slot *own_slot(const struct api_worker *worker)
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
	const struct worker_slots *slots = worker->setup.slots;
	uint32_t group = atomic_load(&own_slot(worker)->group);

	return worker_slots_available(slots, group) > 0 ||
	       (worker->outdated && worker_slots_can_serve(slots, group, worker->setup.slot));
}

/* Without a slot for its successor a worker goes on: a hundred stalled downloads must not stop the service. */
static void retire_if_due(struct api_worker *worker)
{
	if (worker->accepting && worker->taken >= worker->setup.retire_after && may_retire(worker))
		retire(worker);
}

static void handover_ready(void *context, uint32_t events)
{
	struct api_worker *worker = context;

	(void)events;
	if (!worker->accepting)
		return;
	/* The connection stays in the queue, for the successor. */
	if (!worker_sandbox_is_current(worker->setup.confinement) && may_retire(worker)) {
		retire(worker);
		return;
	}
	if (!pending_accept(worker)) {
		listen_pause(worker);
		return;
	}
	if (!worker->setup.disk) /* elsewhere it is one that the front has counted */
		atomic_fetch_add(&own_slot(worker)->requests, 1);
	worker->taken++;
	retire_if_due(worker);
}

static void stop_is_over(void *context)
{
	struct api_worker *worker = context;

	worker->stop_over = true;
}

static void signal_ready(void *context, uint32_t events)
{
	struct api_worker *worker = context;
	struct signalfd_siginfo info;

	(void)events;
	if (read(worker->signal_watch.fd, &info, sizeof(info)) != sizeof(info) || worker->stopping)
		return;
	if (info.ssi_signo == SIGHUP) {
		worker->outdated = true;
		worker->taken = worker->setup.retire_after; /* without room for a successor: as soon as there is */
		retire_if_due(worker);
		return;
	}
	while (worker->accepting && pending_accept(worker))
		; /* what was handed over already; the master accepts no more */
	listen_end(worker);
	worker->accepting = false;
	worker->stopping = true;
	loop_timer_set(worker->loop, &worker->stop_limit, (mono_t){mono_now().us + STOP_GRACE_US});
}

/*
 * Looks whether the disk answers, also while nobody asks for anything, or while only children of this worker wait for
 * it: the time that it takes is what the other workers see of it (worker_slots_hang_us).
 */
static void probe_disk(void *context)
{
	struct api_worker *worker = context;
	int folder = camera_open_recordings(&(struct api_camera){.config = worker->setup.disk});

	if (folder >= 0)
		close(folder);
	loop_timer_set(worker->loop, &worker->probe, (mono_t){mono_now().us + PROBE_US});
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
	worker->loop = loop_create();
	worker->handover_watch =
		(struct loop_watch){.fd = worker->setup.handover_fd, .ready = handover_ready, .context = worker};
	worker->signal_watch = (struct loop_watch){
		.fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK), .ready = signal_ready, .context = worker};
	worker->listen_again = (struct loop_timer){.due = pause_over, .context = worker};
	worker->stop_limit = (struct loop_timer){.due = stop_is_over, .context = worker};
	worker->probe = (struct loop_timer){.due = probe_disk, .context = worker};
	worker->reaping = (struct loop_timer){.due = children_reap, .context = worker};
	worker->cameras = calloc(worker->setup.config->count, sizeof(*worker->cameras));
	if (!worker->loop || worker->signal_watch.fd < 0 || !worker->cameras)
		return false;
	for (size_t i = 0; i < worker->setup.config->count; i++)
		camera_init(&worker->cameras[i], &worker->setup.config->cameras[i]);
	worker->close_in_child = pending_close_copies;
	worker->accepting = true;
	if (worker->setup.disk)
		loop_timer_set(worker->loop, &worker->probe, mono_now());
	return listen_begin(worker) && loop_watch_set(worker->loop, &worker->signal_watch, EPOLLIN);
}

static void worker_close(struct api_worker *worker)
{
	pending_close_all(worker);
	while (worker->requests)
		request_end(worker->requests);
	requests_free_ended(worker);
	for (size_t i = 0; worker->cameras && i < worker->setup.config->count; i++)
		camera_finish(&worker->cameras[i]);
	free(worker->cameras);
	loop_destroy(worker->loop);
	close(worker->signal_watch.fd);
	free(worker);
}

static bool worker_finished(const struct api_worker *worker)
{
	if (worker->accepting)
		return false;
	return (!worker->requests && !worker->pending_connections && subprocess_unreaped() == 0) || worker->stop_over;
}

int worker_run(const struct worker_setup *setup)
{
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
	disk_pulse_set_target(&own_slot(worker)->busy_us);
	loop_set_before_callback(worker->loop, disk_pulse);
	while (!worker_finished(worker)) {
		atomic_store(&own_slot(worker)->busy_us, 0);
		loop_turn(worker->loop);
		requests_free_ended(worker);
	}
	worker_close(worker);
	return EXIT_SUCCESS;
}
