/* master_workers.c - keeps the workers running. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/server/master_internal.h"
#include "fcgi/server/worker.h"
#include "shared/base/log.h"
#include "shared/store/remote_cameras.h"

/*
 * The pool is here rather than in the web server: lighttpd starts few processes and respawns them slowly, and a
 * worker that has retired goes on sending its last downloads while its successor accepts requests already.
 */

static int workers_wanted(const struct master *master, uint32_t group)
{
	if (group == GROUP_FRONT)
		return master->setup.workers;
	return *master->groups.group[group].camera ? master->setup.disk_workers : 0;
}

/* The first group that lacks a worker; -1: none does. */
static int find_incomplete_group(const struct master *master)
{
	const uint32_t count = master->groups.count ? (uint32_t)master->groups.count : 1;

	for (uint32_t group = GROUP_FRONT; group < count; group++)
		if (worker_slots_accepting(master->slots, group, master->generation) < workers_wanted(master, group) &&
		    worker_slots_available(master->slots, group) > 0)
			return (int)group;
	return -1;
}

int workers_alive(const struct master *master)
{
	int count = 0;

	for (int i = 0; i < WORKER_SLOTS; i++)
		count += atomic_load(&master->slots->slot[i].pid) != 0;
	return count;
}

/* Has the kernel kill the worker when its master dies. */
static void die_with_master(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

/*
 * Replaces the listening socket with the worker's end of its channel. The socket may be descriptor 0, which libfcgi
 * looks at. Only if the master is killed before its new child has come this far does another process still hold the
 * socket.
 */
static int replace_listen_fd(struct master *master, uint32_t group)
{
	struct handover *handover = &master->handover;
	int receive_fd = group == GROUP_FRONT ? handover->workers_fd : master->groups.group[group].receive_fd;

	if (dup3(receive_fd, handover->listen_fd, O_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	int fd = handover->listen_fd;
	handover_close(handover);
	worker_groups_close_unused(&master->groups, group);
	return fd;
}

/* The cameras whose folders a worker of that group may use; *root is filled in if that is the cache of the remote ones. */
static struct config_set folders_of(const struct master *master, uint32_t group, struct config *root)
{
	const struct config_set *all = master->setup.config;

	if (master->setup.disk_workers == 0)
		return *all;
	if (group == GROUP_FRONT)
		return (struct config_set){0};
	if (worker_group_is_remote(&master->groups, group)) {
		remote_cameras_root(all, root);
		return (struct config_set){.cameras = root, .count = 1};
	}
	const struct config *camera = config_set_find(all, master->groups.group[group].camera);
	return (struct config_set){.cameras = all->cameras + (camera - all->cameras), .count = 1};
}

static void worker_main(struct master *master, uint32_t group, int slot, pid_t parent)
{
	static struct config root;
	char fetch_path[PATH_MAX];
	struct config_set folders = folders_of(master, group, &root);
	struct worker_sandbox sandbox;
	struct worker_setup setup = {
		.handover_fd = replace_listen_fd(master, group),
		.retire_fd = master->retire_fds[1],
		.config = master->setup.config,
		.disk = group == GROUP_FRONT ? NULL : folders.cameras,
		.fetch_path = worker_group_is_remote(&master->groups, group) ? fetch_path : NULL,
		.groups = &master->groups,
		.slots = master->slots,
		.slot = slot,
		.sandbox = &sandbox,
		.retire_after = master->setup.retire_after,
		.dispatch = master->setup.dispatch,
	};

	if (setup.fetch_path)
		config_fetch_socket(config_set_reader(setup.config), fetch_path);
	die_with_master(parent);
	loop_destroy(master->loop);
	close(master->signals.fd);
	close(master->retire_fds[0]);
	worker_sandbox_enter(group == GROUP_FRONT ? setup.config : NULL, &folders, &sandbox);
	if (atomic_exchange(&master->slots->sandbox_logged, 1) == 0)
		sandbox_log("api", &sandbox.state);
	log_start();
	int status = worker_run(&setup);
	log_stop();
	worker_sandbox_free(&sandbox);
	_exit(status);
}

static bool worker_fork(struct master *master, uint32_t group)
{
	pid_t parent = getpid();
	int slot = worker_slots_take(master->slots, group);

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
	worker_slots_release(master->slots, slot);
	log_warn("api", "cannot start a worker process: %s; trying again", strerror(errno));
	master_timer(master, &master->fork_again, FORK_WAIT_MAX_US);
	return false;
}

void workers_fill(struct master *master)
{
	int group;

	if (master->stopping || master->fork_again.armed)
		return;
	while ((group = find_incomplete_group(master)) >= 0)
		if (!worker_fork(master, (uint32_t)group))
			return;
}

static void worker_died(struct master *master, pid_t pid, int status)
{
	mono_t now = mono_now();

	if (WIFSIGNALED(status))
		log_warn("api", "worker %d was killed by signal %d; starting another one", (int)pid, WTERMSIG(status));
	else
		log_warn("api", "worker %d exited with status %d; starting another one", (int)pid, WEXITSTATUS(status));
	atomic_fetch_add(&master->slots->workers_died, 1);
	bool again = now.us - master->died_at.us < 2 * FORK_WAIT_MAX_US;
	if (!again)
		backoff_reset(&master->fork_wait);
	master->died_at = now;
	master_timer(master, &master->fork_again, again ? backoff_next(&master->fork_wait) : 0);
}

void workers_reap(struct master *master)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < WORKER_SLOTS; i++)
			if (atomic_load(&master->slots->slot[i].pid) == pid)
				worker_slots_release(master->slots, i);
		if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0) && !master->stopping)
			worker_died(master, pid, status);
	}
}

void workers_signal(const struct master *master, int number)
{
	for (int i = 0; i < WORKER_SLOTS; i++) {
		pid_t pid = atomic_load(&master->slots->slot[i].pid);
		if (pid > 0)
			kill(pid, number);
	}
}
