/* orphans.c - processes that a program has left behind. */
#include "shared/program/orphans.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/base/clock.h"

#define LIST_BYTES  4096 /* of the list of children; the rest of a longer one is read the next time */
#define KILL_ALL_US (2 * US_PER_S)
#define PAUSE_NS    1000000

void orphans_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* The ids of this process's children, separated by blanks (proc_pid_task(5)), which its main thread has adopted. */
static bool read_children(char out[LIST_BYTES])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, out, LIST_BYTES - 1) : -1;
	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* Returns true if it has to be looked at again. */
static bool kill_orphan(pid_t pid)
{
	kill(pid, SIGKILL);
	return waitpid(pid, NULL, WNOHANG) == 0;
}

bool orphans_kill(bool (*is_running)(void *context, pid_t pid), void *context)
{
	char list[LIST_BYTES], *rest = list;
	bool left = false;

	if (!read_children(list))
		return false;
	for (const char *word; (word = strsep(&rest, " "));) {
		pid_t pid = (pid_t)strtol(word, NULL, 10);
		/* A number that the end of the list has cut could be that of another process. */
		if (pid <= 1 || !rest || is_running(context, pid) || is_running(context, getpgid(pid)))
			continue;
		left |= kill_orphan(pid);
	}
	return left || strlen(list) == LIST_BYTES - 1;
}

static bool is_nobody(void *context, pid_t pid)
{
	(void)context;
	(void)pid;
	return false;
}

/* The children of a process become ours before it can be reaped, so without a child there is nothing left of it. */
void orphans_kill_all(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	mono_t until = {mono_now().us + KILL_ALL_US};

	while (mono_now().us < until.us) {
		orphans_kill(is_nobody, NULL);
		pid_t reaped = waitpid(-1, NULL, WNOHANG);
		if (reaped < 0 && errno == ECHILD)
			return;
		if (reaped == 0)
			nanosleep(&pause, NULL);
	}
}
