/* break_out_processes.c - attempts at other processes from within a sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/break_out.h"

int try_start_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return attempt_errno(child);
}

static int run(const char *path)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return errno;
	if (child == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		dup2(nothing, STDOUT_FILENO);
		execl(path, path, "-version", NULL);
		_exit(errno);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int try_run_another_program(void)
{
	return run("/bin/true");
}

int try_run_from_clips(void)
{
	return run(path_within(target.camera.clips.directory, "program"));
}

int try_run_ffmpeg(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		dup2(nothing, STDOUT_FILENO);
		execlp("ffmpeg", "ffmpeg", "-version", NULL);
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int try_trace_parent(void)
{
	return attempt_errno(ptrace(PTRACE_SEIZE, target.parent, NULL, NULL));
}

int try_read_parent(void)
{
	int here;
	struct iovec local = {&here, sizeof(here)},
		     remote = {(void *)(target.in_parent_at ? target.in_parent_at : (uintptr_t)&in_parent),
			       sizeof(in_parent)};

	return attempt_errno(process_vm_readv(target.parent, &local, 1, &remote, 1, 0));
}

int try_read_parent_by_file(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)target.parent);
	return attempt_open(path, O_RDONLY);
}

int try_signal_parent(void)
{
	return attempt_errno(kill(target.parent, SIGWINCH));
}

int try_signal_parents_thread(void)
{
	return attempt_errno(syscall(SYS_tgkill, target.parent, target.parent, SIGWINCH));
}

int try_set_parent_as_signal_owner(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	return attempt_errno(fcntl(ends[0], F_SETOWN, target.parent));
}

int try_limit_parent(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return errno;
	return attempt_errno(syscall(SYS_prlimit64, target.parent, RLIMIT_FSIZE, &limit, NULL));
}

int try_slow_parent(void)
{
	return attempt_errno(
		setpriority(PRIO_PROCESS, (id_t)target.parent, getpriority(PRIO_PROCESS, (id_t)target.parent)));
}

int try_slow_own_group(void)
{
	return attempt_errno(setpriority(PRIO_PGRP, 0, getpriority(PRIO_PGRP, 0)));
}

int try_slow_parents_disk(void)
{
	return attempt_errno(
		syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, target.parent, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)));
}

int try_limit_and_slow_self(void)
{
	const struct rlimit limit = {1 << 20, 1 << 20};

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || setpriority(PRIO_PROCESS, 0, 10) != 0)
		return errno;
	return attempt_errno(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)));
}
