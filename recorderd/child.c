#include "recorderd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* some frames of room: a child that is busy for a moment does not show */

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

static bool make_pipes(int pipes[4][2])
{
	for (int i = 0; i < 4; i++)
		pipes[i][0] = pipes[i][1] = -1;
	for (int i = 0; i < 4; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			return false;
	return true;
}

bool child_start(struct child *child, const char *const *argv, struct reason *why)
{
	enum { IN, OUT, ERR, REPORT };
	int pipes[4][2];
	pid_t parent = getpid();
	bool by_main = gettid() == parent;
	int error = 0;
	ssize_t got;
	bool good = false;

	*child = CHILD_NONE;
	if (!make_pipes(pipes)) {
		reason_errno(why, "cannot make pipes for %s", argv[0]);
		goto out;
	}
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		reason_errno(why, "cannot start %s", argv[0]);
		goto out;
	}
	if (child->pid == 0)
		become(argv, pipes[IN][0], pipes[OUT][1], pipes[ERR][1], pipes[REPORT][1], parent, by_main);
	child_close(&pipes[REPORT][1]);
	do
		got = read(pipes[REPORT][0], &error, sizeof error);
	while (got < 0 && errno == EINTR);
	if (got > 0) {
		waitpid(child->pid, NULL, 0);
		child->pid = 0;
		errno = error;
		reason_errno(why, "cannot run %s (is it installed?)", argv[0]);
		goto out;
	}
	fcntl(pipes[IN][1], F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(pipes[OUT][0], F_SETPIPE_SZ, PIPE_BYTES);
	child->in = pipes[IN][1];
	child->out = pipes[OUT][0];
	child->err = pipes[ERR][0];
	pipes[IN][1] = pipes[OUT][0] = pipes[ERR][0] = -1;
	fcntl(child->in, F_SETFL, O_NONBLOCK);
	fcntl(child->out, F_SETFL, O_NONBLOCK);
	fcntl(child->err, F_SETFL, O_NONBLOCK);
	good = true;
out:
	for (int i = 0; i < 4; i++) {
		child_close(&pipes[i][0]);
		child_close(&pipes[i][1]);
	}
	return good;
}

void child_end(struct child *child)
{
	child_close(&child->in);
	child_close(&child->out);
	child_close(&child->err);
	if (!child->pid)
		return;
	kill(-child->pid, SIGKILL);
	kill(child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

bool child_reap(struct child *child, char *text, size_t bytes)
{
	int status;

	if (!child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	child->pid = 0;
	if (WIFSIGNALED(status))
		snprintf(text, bytes, "signal %d", WTERMSIG(status));
	else
		snprintf(text, bytes, "exit status %d", WEXITSTATUS(status));
	return true;
}
