/* hook_process.c - one run of a hook's program. */
#include "hooks/hook_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shared/program/program_limits.h"

#define READ_BYTES     16384
#define READS_PER_TURN 8
#define DATA_MIB       512
#define NICENESS       10

/* What the child needs between fork and exec. */
struct start {
	const struct hook_run *run;
	struct program_limits limits;
};

/*
 * Executes the program itself: by its path, with this environment and without a search in PATH, in which a file of
 * another format would be given to a shell.
 */
static bool become_program(void *context)
{
	const struct start *start = context;

	program_limits_enter(&start->limits);
	umask(077);
	if (chdir("/") != 0)
		return false;
	execve(start->run->argv[0], (char *const *)(uintptr_t)start->run->argv,
	       (char *const *)(uintptr_t)start->run->environment);
	return false;
}

static void stop_watching(struct hook_process *process)
{
	loop_watch_set(process->loop, &process->exit, 0);
	loop_watch_set(process->loop, &process->output, 0);
	loop_timer_clear(process->loop, &process->limit);
	subprocess_close_fd(&process->output.fd);
}

/* Reads what there is, up to a limit. Returns false at the end of the output, or if it is a flood. */
static bool read_output(struct hook_process *process)
{
	char data[READ_BYTES];

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t got = read(process->output.fd, data, sizeof(data));
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (got == 0)
			return false;
		if (!output_lines_take(&process->lines, data, (size_t)got)) {
			process->end = HOOK_FLOODED;
			return false;
		}
	}
	return true;
}

/* The group is killed before its leader is reaped: until then, no other group can have its id. */
static void finish(struct hook_process *process)
{
	struct hook_result result = {.end = process->end, .took_us = mono_now().us - process->started.us};
	pid_t group = process->child.pid;

	kill(-group, SIGKILL);
	if (process->output.fd >= 0 && process->end != HOOK_FLOODED)
		read_output(process);
	if (subprocess_exec_failed(&process->child, process->program, &result.why))
		result.end = HOOK_NOT_RUN;
	enum subprocess_exit outcome = subprocess_reap(&process->child);
	result.exit_status = process->child.exit_status;
	result.signal = process->child.exit_signal;
	if (result.end == HOOK_ENDED && outcome == SUBPROCESS_KILLED)
		result.end = HOOK_SIGNALLED;
	stop_watching(process);
	subprocess_kill(&process->child); /* closes what is open, and kills one that was not reaped */
	output_lines_finish(&process->lines);
	process->ended(process->context, &result);
}

static void exited(void *context, uint32_t events)
{
	(void)events;
	finish(context);
}

static void output_ready(void *context, uint32_t events)
{
	struct hook_process *process = context;

	(void)events;
	if (read_output(process))
		return;
	loop_watch_set(process->loop, &process->output, 0);
	subprocess_close_fd(&process->output.fd);
	if (process->end == HOOK_FLOODED)
		kill(-process->child.pid, SIGKILL); /* then it exits */
}

static void time_is_up(void *context)
{
	struct hook_process *process = context;

	process->end = HOOK_TIMED_OUT;
	kill(-process->child.pid, SIGKILL);
}

static bool watch(struct hook_process *process, const struct hook_run *run)
{
	process->exit = (struct loop_watch){.fd = process->child.exit_fd, .ready = exited, .context = process};
	process->output.ready = output_ready;
	process->output.context = process;
	process->limit = (struct loop_timer){.due = time_is_up, .context = process};
	loop_timer_set(process->loop, &process->limit, (mono_t){process->started.us + run->limit_seconds * US_PER_S});
	return loop_watch_set(process->loop, &process->exit, EPOLLIN) &&
	       loop_watch_set(process->loop, &process->output, EPOLLIN);
}

/* A program that does not read does no harm: an empty pipe has room for the line. */
static void write_line(struct hook_process *process, const struct hook_run *run)
{
	struct iovec parts[2] = {{(void *)(uintptr_t)run->line, run->bytes}, {(void *)(uintptr_t) "\n", 1}};

	(void)!writev(process->child.in, parts, 2);
	subprocess_close_fd(&process->child.in);
}

static bool start_with(struct hook_process *process, const struct hook_run *run, int output, struct reason *why)
{
	struct start start = {
		.run = run,
		.limits = {.data_mib = DATA_MIB, .niceness = NICENESS, .tasks = program_limits_tasks()},
	};
	struct subprocess_setup setup = {
		.argv = run->argv,
		.in = SUBPROCESS_PIPE,
		.out = output,
		.err = output,
		.nonblocking = true,
		.prepare = become_program,
		.context = &start,
		.leads_group = true,
		.has_exit_fd = true,
	};

	return subprocess_start(&process->child, &setup, why);
}

bool hook_process_start(struct hook_process *process, const struct hook_run *run, struct reason *why)
{
	const char *slash = strrchr(run->argv[0], '/');
	int output[2];

	if (pipe2(output, O_CLOEXEC) != 0)
		return reason_errno(why, "cannot make a pipe");
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	snprintf(process->program, sizeof(process->program), "%.63s", slash ? slash + 1 : run->argv[0]);
	process->lines = (struct output_lines){.show = process->show, .context = process->context};
	process->end = HOOK_ENDED;
	process->started = mono_now();
	process->output = (struct loop_watch){.fd = output[0]};

	bool started = start_with(process, run, output[1], why);
	close(output[1]);
	if (!started) {
		close(output[0]);
		return false;
	}
	write_line(process, run);
	if (watch(process, run))
		return true;
	reason_errno(why, "cannot watch %s", process->program);
	hook_process_kill(process);
	return false;
}

bool hook_process_is_running(const struct hook_process *process)
{
	return process->child.pid != 0;
}

pid_t hook_process_id(const struct hook_process *process)
{
	return process->child.pid;
}

void hook_process_kill(struct hook_process *process)
{
	if (!hook_process_is_running(process))
		return;
	stop_watching(process);
	subprocess_kill(&process->child);
}

void hook_result_text(const struct hook_result *result, int limit_seconds, char *out, size_t bytes)
{
	double seconds = (double)result->took_us / US_PER_S;

	switch (result->end) {
	case HOOK_ENDED:
		if (result->exit_status == 0)
			snprintf(out, bytes, "succeeded after %.1f s", seconds);
		else
			snprintf(out, bytes, "failed with exit status %d after %.1f s", result->exit_status, seconds);
		break;
	case HOOK_SIGNALLED:
		snprintf(out, bytes, "was ended by signal %d (%s) after %.1f s", result->signal,
			 strsignal(result->signal), seconds);
		break;
	case HOOK_TIMED_OUT:
		snprintf(out, bytes, "did not end within %d s (limit_seconds) and was killed", limit_seconds);
		break;
	case HOOK_FLOODED:
		snprintf(out, bytes, "wrote more than %llu bytes and was killed", (unsigned long long)OUTPUT_BYTES_MAX);
		break;
	case HOOK_NOT_RUN:
		snprintf(out, bytes, "was not run: %s", result->why.text);
		break;
	}
}
