/*
 * api_child.c - children and their programs: see api_child.h.
 */
#include "fcgi/api_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/disk_pulse.h"
#include "fcgi/lock_up.h"
#include "shared/file_io.h"

#define CHILD_NICE         10 /* more than its worker */
#define PROGRAM_DATA_BYTES (UINT64_C(4) << 30)
#define PROGRAM_FILES      64

static void signals_default(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

pid_t api_child_start(int (*run)(void *context), void *context, void (*close_parents)(void *closing), void *closing,
		      int *fd)
{
	pid_t parent = getpid();
	pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		disk_pulse_into(NULL); /* its parent's life is not its own */
		signals_default();
		signal(SIGPIPE, SIG_IGN);
		signal(SIGXFSZ, SIG_IGN);
		(void)!nice(CHILD_NICE);
		close_parents(closing);
		_exit(run(context));
	}
	if (child < 0)
		return -1;
	setpgid(child, child);
	*fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (*fd >= 0)
		return child;
	api_child_kill(child);
	waitpid(child, NULL, 0);
	return -1;
}

void api_child_kill(pid_t child)
{
	kill(-child, SIGKILL);
}

bool api_child_output(int memory_fd, struct buffer *out)
{
	struct stat status;

	buffer_clear(out);
	if (fstat(memory_fd, &status) != 0 || status.st_size <= 0 || !buffer_reserve(out, (size_t)status.st_size))
		return false;
	ssize_t got = read_at(memory_fd, out->data, (size_t)status.st_size, 0);
	if (got != status.st_size)
		return false;
	out->length = (size_t)got;
	return true;
}

static void limit(int resource, uint64_t most)
{
	setrlimit((__rlimit_resource_t)resource, &(struct rlimit){most, most});
}

/* Of memory what is written to counts, not what is only reserved, as the C library does for each thread. */
static void limits_set(const struct child_limits *limits)
{
	limit(RLIMIT_FSIZE, limits->out_bytes);
	limit(RLIMIT_CPU, limits->cpu_s);
	limit(RLIMIT_DATA, PROGRAM_DATA_BYTES);
	limit(RLIMIT_NOFILE, PROGRAM_FILES);
	limit(RLIMIT_CORE, 0);
}

static void program_exec(char *const argv[], int in_fd, int out_fd, const struct child_limits *limits)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	/* Where descriptor 0 was free (a worker's connections came from it), dup2() onto itself would leave it
	 * close-on-exec. */
	in_fd = fcntl(in_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	out_fd = fcntl(out_fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (dup2(in_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0)
		_exit(CHILD_PROGRAM_MISSING);
	closefrom(STDERR_FILENO + 1);
	lock_up_ffmpeg();
	limits_set(limits);
	execvp(argv[0], argv);
	_exit(CHILD_PROGRAM_MISSING);
}

bool child_program_start(struct child_program *program, char *const argv[], int out_fd,
			 const struct child_limits *limits)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	program->pid = fork();
	if (program->pid == 0)
		program_exec(argv, ends[0], out_fd, limits);
	close(ends[0]);
	program->in_fd = ends[1];
	if (program->pid > 0)
		return true;
	close(ends[1]);
	return false;
}

bool child_program_feed(const struct child_program *program, const void *data, size_t length)
{
	const uint8_t *at = data;

	while (length > 0) {
		ssize_t n = write(program->in_fd, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

bool child_program_finish(struct child_program *program)
{
	program->status = 0;
	close(program->in_fd);
	while (waitpid(program->pid, &program->status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(program->status) && WEXITSTATUS(program->status) == 0;
}
