/* worker.c - the loop of a worker. */
#include "fcgi/server/worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/server/pending.h"
#include "fcgi/server/request.h"
#include "shared/base/disk_pulse.h"
#include "shared/base/log.h"

#define MMAP_THRESHOLD  (128 << 10)
#define STOP_GRACE_US   (2 * US_PER_S)
#define LISTEN_PAUSE_US (US_PER_S / 10)
#define LOG_AGAIN_US    (60 * US_PER_S) /* between two log messages about the same problem */
#define PROBE_US        (2 * US_PER_S)
#define ASK_CAMERAS_US  (60 * US_PER_S)
#define ASK_AGAIN_US    (5 * US_PER_S)

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

/* Stops accepting for a moment if descriptors or memory ran out. Other workers may still accept connections. */
static void listen_pause(struct api_worker *worker)
{
	if (errno == ECONNRESET) { /* the master is gone, and its PDEATHSIG is on its way */
		listen_end(worker);
		worker->accepting = false;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
		return;
	mono_t now = mono_now();
	if (now.us >= worker->log_again_at.us) {
		log_warn("api", "cannot accept connections: %s; trying again", strerror(errno));
		worker->log_again_at.us = now.us + LOG_AGAIN_US;
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
		log_warn("api", "cannot tell the master that a worker retires: %s", strerror(errno));
}

/*
 * True if there is a slot for a successor. A worker with an outdated configuration may retire without one as long
 * as another worker can serve: if a disk hung while the configuration changed many times, such workers may occupy
 * all slots of the group.
 */
static bool may_retire(const struct api_worker *worker)
{
	const struct worker_slots *slots = worker->setup.slots;
	uint32_t group = atomic_load(&own_slot(worker)->group);

	return worker_slots_available(slots, group) > 0 ||
	       (worker->outdated && worker_slots_can_serve(slots, group, worker->setup.slot));
}

/* A worker without a slot for a successor continues: a hundred stalled downloads must not stop the service. */
static void retire_if_due(struct api_worker *worker)
{
	if (worker->accepting && worker->accepted >= worker->setup.retire_after && may_retire(worker))
		retire(worker);
}

static void handover_ready(void *context, uint32_t events)
{
	struct api_worker *worker = context;

	(void)events;
	if (!worker->accepting)
		return;
	/* The connection stays in the queue for the successor. */
	if (!worker_sandbox_is_current(worker->setup.sandbox) && may_retire(worker)) {
		retire(worker);
		return;
	}
	if (!pending_accept(worker)) {
		listen_pause(worker);
		return;
	}
	if (!worker->setup.disk) /* a front worker has counted the requests of a disk worker */
		atomic_fetch_add(&own_slot(worker)->requests, 1);
	worker->accepted++;
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
		worker->accepted = worker->setup.retire_after; /* retire as soon as there is a slot for a successor */
		retire_if_due(worker);
		return;
	}
	while (worker->accepting && pending_accept(worker))
		; /* connections that are on their way already; the master accepts no more */
	listen_end(worker);
	worker->accepting = false;
	worker->stopping = true;
	loop_timer_set(worker->loop, &worker->stop_limit, (mono_t){mono_now().us + STOP_GRACE_US});
}

/*
 * Checks that the disk responds, even while there are no requests or only children of this worker wait for it. The
 * other workers see how long that takes (worker_slots_hang_us).
 */
static void probe_disk(void *context)
{
	struct api_worker *worker = context;
	const struct config *disk = worker->setup.disk;
	int folder = camera_open_recordings(&(struct api_camera){.config = disk});

	if (folder >= 0)
		close(folder);
	if (worker->fetch)
		remote_board_update(&worker->setup.slots->remote, disk->record.directory);
	loop_timer_set(worker->loop, &worker->probe, (mono_t){mono_now().us + PROBE_US});
}

/* The cameras of the store get their folders, which the master looks for. */
static void ask_cameras(void *context)
{
	struct api_worker *worker = context;

	fetch_client_cancel(worker->fetch, &worker->cameras_call);
	worker->cameras_call.request = (struct fetch_request){.kind = FETCH_CAMERAS};
	fetch_client_ask(worker->fetch, &worker->cameras_call);
	loop_timer_set(worker->loop, &worker->ask_cameras, (mono_t){mono_now().us + ASK_CAMERAS_US});
}

static void cameras_answered(struct fetch_call *call, const struct fetch_answer *answer)
{
	struct api_worker *worker = (struct api_worker *)((char *)call - offsetof(struct api_worker, cameras_call));
	bool good = answer->outcome == FETCH_OK;
	int64_t wait_us = good ? ASK_CAMERAS_US : ASK_AGAIN_US;

	if (good)
		loop_timer_set(worker->loop, &worker->probe, (mono_t){mono_now().us + PROBE_US / 2});
	loop_timer_set(worker->loop, &worker->ask_cameras, (mono_t){mono_now().us + wait_us});
}

static bool fetch_open(struct api_worker *worker)
{
	if (!worker->setup.fetch_path)
		return true;
	worker->fetch = fetch_client_create(worker->loop, worker->setup.fetch_path);
	worker->cameras_call.answered = cameras_answered;
	worker->ask_cameras = (struct loop_timer){.due = ask_cameras, .context = worker};
	if (worker->fetch)
		loop_timer_set(worker->loop, &worker->ask_cameras, mono_now());
	return worker->fetch != NULL;
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
	if (!worker->loop || worker->signal_watch.fd < 0 || !worker->cameras || !fetch_open(worker))
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
	while (!LIST_EMPTY(&worker->requests))
		request_end(LIST_FIRST(&worker->requests));
	requests_free_ended(worker);
	for (size_t i = 0; worker->cameras && i < worker->setup.config->count; i++)
		camera_free(&worker->cameras[i]);
	free(worker->cameras);
	fetch_client_destroy(worker->fetch);
	loop_destroy(worker->loop);
	close(worker->signal_watch.fd);
	free(worker);
}

static bool worker_finished(const struct api_worker *worker)
{
	if (worker->accepting)
		return false;
	bool idle = LIST_EMPTY(&worker->requests) && LIST_EMPTY(&worker->pending_connections);
	return (idle && subprocess_unreaped() == 0) || worker->stop_over;
}

int worker_run(const struct worker_setup *setup)
{
	struct api_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return EXIT_FAILURE;
	worker->setup = *setup;
	/*
	 * With a fixed threshold, the memory for the tables of a long clip goes back to the kernel when the clip is
	 * built.
	 */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	if (!worker_open(worker)) {
		log_error("api", "cannot start a worker: %s", strerror(errno));
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
