#include "recorderd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* some frames of room: a child that is busy for a moment does not show */
#define PLACES     32

/*
 * All that were started and are not reaped: each has its place before it begins, so that none has to be waited for when
 * it is ended. Guarded by `lock`.
 */
static struct place {
	bool taken, ended; /* ended: killed, and not dead yet when we looked */
	pid_t pid;
} places[PLACES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void child_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the child, between fork and exec: async-signal-safe calls only. On failure errno goes up the report pipe. */
static void become(const char *const *argv, int in, int out, int err, int report, pid_t parent, bool by_main)
{
	sigset_t none;
	int error;

	sigemptyset(&none);
	setpgid(0, 0);
	if (by_main) /* the signal comes when the *thread* that forked ends, and only the main one lives as long as we
			do */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2) {
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execvp(argv[0], (char *const *)argv);
	}
	error = errno;
	if (write(report, &error, sizeof error) < 0)
		_exit(126);
	_exit(127);
}

enum { IN, OUT, ERR, REPORT };

static bool make_pipes(int pipes[4][2])
{
	for (int i = 0; i < 4; i++)
		pipes[i][0] = pipes[i][1] = -1;
	for (int i = 0; i < 4; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return false;
	return true;
}

/* Our ends into the child; what is left in `pipes` is the child's. */
static void take_ends(struct child *child, int pipes[4][2])
{
	int *const ends[] = {&pipes[IN][1], &pipes[OUT][0], &pipes[ERR][0], &pipes[REPORT][0]};
	int *const ours[] = {&child->in, &child->out, &child->err, &child->report};

	for (int i = 0; i < 4; i++) {
		*ours[i] = *ends[i];
		*ends[i] = -1;
		fcntl(*ours[i], F_SETFL, O_NONBLOCK);
	}
	fcntl(child->in, F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(child->out, F_SETPIPE_SZ, PIPE_BYTES);
}

/* NULL where there is none. */
static struct place *take_place(void)
{
	struct place *found = NULL;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < PLACES && !found; i++)
		if (!places[i].taken)
			found = &places[i];
	if (found)
		found->taken = true;
	pthread_mutex_unlock(&lock);
	return found;
}

static void set_place(struct place *place, struct place to)
{
	pthread_mutex_lock(&lock);
	*place = to;
	pthread_mutex_unlock(&lock);
}

bool child_start(struct child *child, const char *const *argv, struct reason *why)
{
	int pipes[4][2];
	pid_t parent = getpid();
	bool by_main = gettid() == parent;
	bool good = make_pipes(pipes);
	struct place *place;

	*child = CHILD_NONE;
	child_sweep();
	if (!good) {
		reason_errno(why, "cannot make pipes for %s", argv[0]);
		goto out;
	}
	place = take_place();
	good = place != NULL;
	if (!good) {
		reason_set(why, "%s is not started: %d before it were killed and do not die", argv[0], PLACES);
		goto out;
	}
	child->pid = fork();
	if (child->pid == 0)
		become(argv, pipes[IN][0], pipes[OUT][1], pipes[ERR][1], pipes[REPORT][1], parent, by_main);
	good = child->pid > 0;
	if (!good) {
		child->pid = 0;
		reason_errno(why, "cannot start %s", argv[0]);
		set_place(place, (struct place){0});
		goto out;
	}
	set_place(place, (struct place){.taken = true, .pid = child->pid});
	setpgid(child->pid, child->pid);
	take_ends(child, pipes);
out:
	for (int i = 0; i < 4; i++) {
		child_close(&pipes[i][0]);
		child_close(&pipes[i][1]);
	}
	return good;
}

bool child_was_refused(const struct child *child, const char *program, struct reason *why)
{
	int error;

	if (child->report < 0 || read(child->report, &error, sizeof error) != sizeof error)
		return false;
	errno = error;
	reason_errno(why, "cannot run %s (is it installed?)", program);
	return true;
}

static bool is_dead(pid_t pid)
{
	pid_t reaped;

	do
		reaped = waitpid(pid, NULL, WNOHANG);
	while (reaped < 0 && errno == EINTR);
	return reaped != 0;
}

/* For a child that was started and is not reaped. */
static struct place *place_of(pid_t pid)
{
	struct place *place = places;

	while (!place->taken || place->pid != pid)
		place++;
	return place;
}

void child_sweep(void)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < PLACES; i++)
		if (places[i].ended && is_dead(places[i].pid))
			places[i] = (struct place){0};
	pthread_mutex_unlock(&lock);
}

void child_end(struct child *child)
{
	child_close(&child->in);
	child_close(&child->out);
	child_close(&child->err);
	child_close(&child->report);
	if (child->pid) {
		kill(-child->pid, SIGKILL);
		kill(child->pid, SIGKILL);
		pthread_mutex_lock(&lock);
		place_of(child->pid)->ended = true;
		pthread_mutex_unlock(&lock);
		child->pid = 0;
	}
	child_sweep();
}

enum child_end child_reap(struct child *child, char *text, size_t bytes)
{
	int status;

	if (!child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return CHILD_RUNS;
	pthread_mutex_lock(&lock);
	*place_of(child->pid) = (struct place){0};
	pthread_mutex_unlock(&lock);
	child->pid = 0;
	if (WIFSIGNALED(status)) {
		snprintf(text, bytes, "signal %d", WTERMSIG(status));
		return CHILD_KILLED;
	}
	snprintf(text, bytes, "exit status %d", WEXITSTATUS(status));
	return WEXITSTATUS(status) == 0 ? CHILD_ENDED_WELL : CHILD_FAILED;
}
