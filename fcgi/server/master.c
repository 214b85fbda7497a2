/* master.c - the loop of recorder-api's master. */
#include "fcgi/server/master.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fcgi/server/master_internal.h"
#include "shared/base/file_limit.h"
#include "shared/base/log.h"

#define KILL_AFTER_US   (4 * US_PER_S)
#define STOP_LIMIT_US   (KILL_AFTER_US + US_PER_S)
#define CHECK_US        US_PER_S
#define KILL_AGAIN_US   (US_PER_S / 10)
#define ACCEPT_PAUSE_US (20 * US_PER_MS)
#define LOG_AGAIN_US    (60 * US_PER_S)

static bool update_groups(struct master *master)
{
	if (master->setup.disk_workers == 0 ||
	    worker_groups_follow(&master->groups, master->setup.config, master->slots))
		return true;
	log_error("api", "cannot open a channel to the workers of a camera: %s", strerror(errno));
	return false;
}

/* New requests see the new settings; downloads under way end as they began. */
static void reload_config(struct master *master)
{
	if (!config_watch_reload(&master->follow))
		return;
	master->generation++;
	update_groups(master);
	workers_signal(master, SIGHUP);
}

/* Whether the store has other cameras than the workers know of. */
static bool remote_changed(struct master *master)
{
	const struct remote_board *board = &master->slots->remote;
	uint64_t change;

	if (atomic_load(&board->names) == master->remote_change)
		return false;
	size_t count = remote_board_names(board, master->remote, &change);
	if (change == UINT64_MAX)
		return false;
	master->remote_change = change;
	master->follow.remote = master->remote;
	master->follow.remote_count = count;
	return true;
}

static void check_due(void *context)
{
	struct master *master = context;

	if (master->stopping)
		return;
	bool others = remote_changed(master);
	if (config_watch_is_due(&master->follow) || others)
		reload_config(master);
	worker_groups_log_hangs(&master->groups, master->slots);
	master_timer(master, &master->check, CHECK_US);
}

static void kill_again_due(void *context)
{
	struct master *master = context;

	workers_signal(master, SIGKILL);
	master_timer(master, &master->kill_again, KILL_AGAIN_US);
}

static void stop_limit_due(void *context)
{
	struct master *master = context;

	master->stop_over = true;
}

/* Wakes the loop: between two turns it sees that workers may be forked, or connections accepted, again. */
static void wake_loop(void *context)
{
	(void)context;
}

static void signals_ready(void *context, uint32_t events)
{
	struct master *master = context;
	struct signalfd_siginfo info;

	(void)events;
	while (read(master->signals.fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload_config(master);
		if (info.ssi_signo == SIGCHLD || info.ssi_signo == SIGHUP || master->stopping)
			continue;
		master->stopping = true;
		master_timer(master, &master->kill_again, KILL_AFTER_US);
		master_timer(master, &master->stop_limit, STOP_LIMIT_US);
		workers_signal(master, SIGTERM);
	}
	workers_reap(master);
}

/* If descriptors or memory run out, new connections wait in the listening socket for a moment. */
static void hand_over(void *context, uint32_t events)
{
	struct master *master = context;

	(void)events;
	if (master->stopping || handover_run(&master->handover))
		return;
	int error = errno;
	mono_t now = mono_now();
	if (now.us >= master->log_again_at.us) {
		log_warn("api", "cannot accept connections: %s; trying again", strerror(error));
		master->log_again_at.us = now.us + LOG_AGAIN_US;
	}
	master_timer(master, &master->accept_again, ACCEPT_PAUSE_US);
}

static void retirements_ready(void *context, uint32_t events)
{
	struct master *master = context;
	char bytes[64];

	(void)events;
	while (read(master->retire_fds[0], bytes, sizeof(bytes)) > 0)
		;
}

static void watch_for_connections(struct master *master)
{
	bool accepts = !master->stopping && !master->accept_again.armed;
	bool full = handover_is_full(&master->handover);

	loop_watch_set(master->loop, &master->listener, accepts && !full ? EPOLLIN : 0);
	loop_watch_set(master->loop, &master->room, accepts && full ? EPOLLOUT : 0);
}

static void master_loop(struct master *master)
{
	workers_fill(master);
	while (!master->stopping || (workers_alive(master) > 0 && !master->stop_over)) {
		watch_for_connections(master);
		loop_turn(master->loop);
		workers_fill(master);
	}
	if (workers_alive(master) > 0)
		log_error("api", "stopping without %d workers, which are waiting for a disk that is not responding",
			  workers_alive(master));
}

static bool watches_begin(struct master *master)
{
	struct loop_watch *signals = &master->signals;

	*signals = (struct loop_watch){.fd = signals->fd, .ready = signals_ready, .context = master};
	master->retirements =
		(struct loop_watch){.fd = master->retire_fds[0], .ready = retirements_ready, .context = master};
	master->listener = (struct loop_watch){.fd = master->setup.listen_fd, .ready = hand_over, .context = master};
	master->room = (struct loop_watch){.fd = master->handover.fd, .ready = hand_over, .context = master};
	master->check = (struct loop_timer){.due = check_due, .context = master};
	master->kill_again = (struct loop_timer){.due = kill_again_due, .context = master};
	master->stop_limit = (struct loop_timer){.due = stop_limit_due, .context = master};
	master->fork_again = master->accept_again = (struct loop_timer){.due = wake_loop};
	master_timer(master, &master->check, 0);
	return loop_watch_set(master->loop, signals, EPOLLIN) &&
	       loop_watch_set(master->loop, &master->retirements, EPOLLIN);
}

static bool master_open(struct master *master)
{
	sigset_t signals;

	file_limit_raise_nofile(); /* a clip holds a descriptor for each of its first segments (PLAN_OPEN_MAX) */
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	signal(SIGCHLD, SIG_DFL); /* if our parent ignored it, the kernel would not report which worker ended */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* write() fails with EFBIG instead */
	master->signals.fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	master->loop = loop_create();
	master->slots = worker_slots_create();
	return master->signals.fd >= 0 && master->loop && master->slots &&
	       pipe2(master->retire_fds, O_CLOEXEC | O_NONBLOCK) == 0 &&
	       handover_open(&master->handover, master->setup.listen_fd) && update_groups(master) &&
	       watches_begin(master);
}

int master_run(const struct master_setup *setup)
{
	struct master master = {.setup = *setup,
				.fork_wait = BACKOFF(FORK_WAIT_MIN_US, FORK_WAIT_MAX_US),
				.handover = {.fd = -1, .workers_fd = -1, .pending_fd = -1},
				.signals = {.fd = -1},
				.retire_fds = {-1, -1},
				.died_at = {INT64_MIN / 2}};

	master.follow =
		(struct config_watch){.path = setup->config_path, .set = setup->config, .read = setup->config_read};
	bool opened = master_open(&master);

	if (opened)
		master_loop(&master);
	else
		log_error("api", "cannot start: %s", strerror(errno));
	loop_destroy(master.loop);
	handover_close(&master.handover);
	worker_groups_free(&master.groups);
	close(master.signals.fd);
	close(master.retire_fds[0]);
	close(master.retire_fds[1]);
	worker_slots_destroy(master.slots);
	return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
