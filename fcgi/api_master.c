/*
 * api_master.c - keeps workers running: see api_master.h.
 *
 * lighttpd starts few processes and respawns them slowly, so the pool is here: a worker that has retired still sends
 * its last downloads while its successor accepts already.
 */
#include "fcgi/api_master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/api_groups.h"
#include "fcgi/api_handover.h"
#include "fcgi/api_worker.h"
#include "fcgi/config_follow.h"
#include "shared/log.h"

#define BACKOFF_MIN_US (100 * US_PER_MS)
#define BACKOFF_MAX_US US_PER_S
#define STOP_LIMIT_US  (4 * US_PER_S)
#define LEAVE_LIMIT_US (STOP_LIMIT_US + US_PER_S)
#define FOLLOW_US      US_PER_S
#define PAUSE_US       (20 * US_PER_MS)
#define SAY_US         (60 * US_PER_S)

struct master {
	struct master_setup setup;
	struct handover handover;
	struct api_groups groups;
	uint32_t generation; /* of the configuration */
	mono_t accept_at;    /* not before */
	mono_t say_at;
	struct api_slots *slots;
	int signal_fd;
	int retire_fds[2]; /* workers write a byte when they retire */
	int64_t backoff_us;
	mono_t fork_at; /* not before */
	mono_t died_at;
	struct config_follow follow;
	mono_t follow_at;
	bool stopping;
	mono_t stop_at, leave_at;
};

static int workers_wanted(const struct master *master, uint32_t group)
{
	if (group == GROUP_FRONT)
		return master->setup.workers;
	return *master->groups.group[group].camera ? master->setup.disk_workers : 0;
}

/* The first group that lacks a worker; -1: none does. */
static int group_short(const struct master *master)
{
	const uint32_t count = master->groups.count ? (uint32_t)master->groups.count : 1;

	for (uint32_t group = GROUP_FRONT; group < count; group++)
		if (api_slots_accepting(master->slots, group, master->generation) < workers_wanted(master, group) &&
		    api_slots_free(master->slots, group) > 0)
			return (int)group;
	return -1;
}

static int workers_alive(const struct master *master)
{
	int count = 0;

	for (int i = 0; i < API_SLOTS; i++)
		count += atomic_load(&master->slots->slot[i].pid) != 0;
	return count;
}

/* The worker goes with its master. */
static void follow_master(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

/*
 * The worker's end of the hand-over takes the place of the listening socket, which may be descriptor 0, and libfcgi
 * looks at that one. A master that is killed before its new child has come this far is the one case in which somebody
 * else still holds the socket.
 */
static int take_workers_end(struct master *master, uint32_t group)
{
	struct handover *handover = &master->handover;
	int take_fd = group == GROUP_FRONT ? handover->workers_fd : master->groups.group[group].take_fd;

	if (dup3(take_fd, handover->listen_fd, O_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	int fd = handover->listen_fd;
	handover_close(handover);
	groups_close_others(&master->groups, group);
	return fd;
}

/* Whose folders a worker of that group may use. */
static struct config_set folders_of(const struct master *master, uint32_t group)
{
	const struct config_set *all = master->setup.config;

	if (master->setup.disk_workers == 0)
		return *all;
	if (group == GROUP_FRONT)
		return (struct config_set){0};
	const struct config *camera = config_set_find(all, master->groups.group[group].camera);
	return (struct config_set){all->cameras + (camera - all->cameras), 1};
}

static void worker_main(struct master *master, uint32_t group, int slot, pid_t parent)
{
	struct config_set folders = folders_of(master, group);
	struct confinement confinement;
	struct worker_setup setup = {
		.intake_fd = take_workers_end(master, group),
		.retire_fd = master->retire_fds[1],
		.config = master->setup.config,
		.disk = group == GROUP_FRONT ? NULL : folders.cameras,
		.groups = &master->groups,
		.slots = master->slots,
		.slot = slot,
		.confinement = &confinement,
		.retire_after = master->setup.retire_after,
		.dispatch = master->setup.dispatch,
	};

	follow_master(parent);
	close(master->signal_fd);
	close(master->retire_fds[0]);
	confine(group == GROUP_FRONT ? setup.config : NULL, &folders, &confinement);
	if (atomic_exchange(&master->slots->lock_said, 1) == 0)
		lock_log("api", &confinement.lock);
	log_start();
	int status = worker_run(&setup);
	log_stop();
	confine_finish(&confinement);
	_exit(status);
}

static bool worker_fork(struct master *master, uint32_t group)
{
	pid_t parent = getpid();
	int slot = api_slots_take(master->slots, group);

	if (slot < 0)
		return false;
	atomic_store(&master->slots->slot[slot].generation, master->generation);
	pid_t pid = fork();
	if (pid == 0)
		worker_main(master, group, slot, parent);
	if (pid > 0) {
		atomic_store(&master->slots->slot[slot].pid, pid);
		return true;
	}
	api_slots_release(master->slots, slot);
	log_warn("api", "no process for a worker: %s", strerror(errno));
	master->fork_at.us = mono_now().us + BACKOFF_MAX_US;
	return false;
}

static void workers_fill(struct master *master)
{
	int group;

	if (master->stopping || mono_now().us < master->fork_at.us)
		return;
	while ((group = group_short(master)) >= 0)
		if (!worker_fork(master, (uint32_t)group))
			return;
}

static void worker_died(struct master *master, pid_t pid, int status)
{
	mono_t now = mono_now();

	if (WIFSIGNALED(status))
		log_warn("api", "worker %d was ended by signal %d; another takes its place", (int)pid,
			 WTERMSIG(status));
	else
		log_warn("api", "worker %d ended with status %d; another takes its place", (int)pid,
			 WEXITSTATUS(status));
	atomic_fetch_add(&master->slots->workers_died, 1);
	bool again = now.us - master->died_at.us < 2 * BACKOFF_MAX_US;
	master->backoff_us = again ? master->backoff_us * 2 : 0;
	if (again && master->backoff_us < BACKOFF_MIN_US)
		master->backoff_us = BACKOFF_MIN_US;
	if (master->backoff_us > BACKOFF_MAX_US)
		master->backoff_us = BACKOFF_MAX_US;
	master->died_at = now;
	master->fork_at.us = now.us + master->backoff_us;
}

static void workers_reap(struct master *master)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < API_SLOTS; i++)
			if (atomic_load(&master->slots->slot[i].pid) == pid)
				api_slots_release(master->slots, i);
		if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0) && !master->stopping)
			worker_died(master, pid, status);
	}
}

static void workers_signal(const struct master *master, int number)
{
	for (int i = 0; i < API_SLOTS; i++) {
		pid_t pid = atomic_load(&master->slots->slot[i].pid);
		if (pid > 0)
			kill(pid, number);
	}
}

static bool groups_fit(struct master *master)
{
	if (master->setup.disk_workers == 0 || groups_follow(&master->groups, master->setup.config, master->slots))
		return true;
	log_error("api", "no way to the workers of a camera: %s", strerror(errno));
	return false;
}

/* Who is asked next has the new settings; downloads that are under way end as they began. */
static void config_take_now(struct master *master)
{
	if (!config_follow_read(&master->follow))
		return;
	master->generation++;
	groups_fit(master);
	workers_signal(master, SIGHUP);
}

static void config_look(struct master *master)
{
	if (master->stopping || mono_now().us < master->follow_at.us)
		return;
	if (config_follow_due(&master->follow))
		config_take_now(master);
	groups_say(&master->groups, master->slots);
	master->follow_at.us = mono_now().us + FOLLOW_US;
}

static void signals_read(struct master *master)
{
	struct signalfd_siginfo info;

	while (read(master->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			config_take_now(master);
		if (info.ssi_signo == SIGCHLD || info.ssi_signo == SIGHUP || master->stopping)
			continue;
		master->stopping = true;
		master->stop_at.us = mono_now().us + STOP_LIMIT_US;
		master->leave_at.us = mono_now().us + LEAVE_LIMIT_US;
		workers_signal(master, SIGTERM);
	}
	workers_reap(master);
}

static int next_timeout_ms(const struct master *master, mono_t now)
{
	bool waiting = master->stopping || group_short(master) >= 0;
	mono_t due = master->stopping ? master->stop_at : waiting ? master->fork_at : master->follow_at;

	if (!master->stopping && master->accept_at.us > now.us)
		return PAUSE_US / US_PER_MS;
	if (!waiting && !master->follow.path)
		return -1;
	int64_t left_us = due.us - now.us;
	return left_us > 0 ? (int)(left_us / 1000 + 1) : 100;
}

/* What the hand-over waits for; with a negative descriptor, which poll() passes over, while nobody is to be accepted.
 */
static struct pollfd next_peer(const struct master *master, mono_t now)
{
	if (master->stopping || now.us < master->accept_at.us)
		return (struct pollfd){.fd = -1};
	if (handover_is_full(&master->handover))
		return (struct pollfd){master->handover.fd, POLLOUT, 0};
	return (struct pollfd){master->setup.listen_fd, POLLIN, 0};
}

/* What is short now may be there again soon; whoever asks meanwhile waits in the listening socket. */
static void peers_hand_over(struct master *master)
{
	if (handover_run(&master->handover))
		return;
	mono_t now = mono_now();
	if (now.us >= master->say_at.us) {
		log_warn("api", "no more connections can be taken for now: %s", strerror(errno));
		master->say_at.us = now.us + SAY_US;
	}
	master->accept_at.us = now.us + PAUSE_US;
}

static void master_loop(struct master *master)
{
	struct pollfd fds[3] = {{master->signal_fd, POLLIN, 0}, {master->retire_fds[0], POLLIN, 0}};
	char bytes[64];

	workers_fill(master);
	while (!master->stopping || (workers_alive(master) > 0 && mono_now().us < master->leave_at.us)) {
		mono_t now = mono_now();
		fds[2] = next_peer(master, now);
		if (poll(fds, 3, next_timeout_ms(master, now)) < 0)
			fds[2].revents = 0;
		while (read(master->retire_fds[0], bytes, sizeof(bytes)) > 0)
			;
		signals_read(master);
		if (fds[2].revents && !master->stopping)
			peers_hand_over(master);
		config_look(master);
		workers_fill(master);
		if (master->stopping && mono_now().us >= master->stop_at.us)
			workers_signal(master, SIGKILL);
	}
	if (workers_alive(master) > 0)
		log_error("api", "%d workers wait for a disk that does not answer: they are left to the kernel",
			  workers_alive(master));
}

/* A clip holds a descriptor for each of its first segments (PLAN_OPEN_MAX). */
static void descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static bool master_open(struct master *master)
{
	sigset_t signals;

	descriptors_raise();
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
	master->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	master->slots = api_slots_create();
	return master->signal_fd >= 0 && master->slots && pipe2(master->retire_fds, O_CLOEXEC | O_NONBLOCK) == 0 &&
	       handover_open(&master->handover, master->setup.listen_fd) && groups_fit(master);
}

int master_run(const struct master_setup *setup)
{
	struct master master = {.setup = *setup,
				.handover = {.fd = -1, .workers_fd = -1, .waiting_fd = -1},
				.signal_fd = -1,
				.retire_fds = {-1, -1},
				.died_at = {INT64_MIN / 2}};

	master.follow = (struct config_follow){setup->config_path, setup->config, setup->config_read};
	bool opened = master_open(&master);

	if (opened)
		master_loop(&master);
	else
		log_error("api", "cannot start: %s", strerror(errno));
	handover_close(&master.handover);
	groups_finish(&master.groups);
	close(master.signal_fd);
	close(master.retire_fds[0]);
	close(master.retire_fds[1]);
	api_slots_destroy(master.slots);
	return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}
