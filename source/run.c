/* run.c - one run of an external source. */
#include "source/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/program/program_limits.h"
#include "source/redact.h"

#define READ_BYTES       (256u * 1024)
#define READS_PER_TURN   4
#define LAST_READS       16 /* more than a pipe holds */
#define ERROR_BYTES      4096
#define DATA_MIB         1024
#define STATUS_BYTES     64
#define ENDED_TEXT_BYTES 320

/* What the child needs between fork and exec. */
struct start {
	const struct source_command *command;
	struct program_limits limits;
};

/* Executes the program itself: a search in PATH would give a file of another format to a shell. */
static bool become_program(void *context)
{
	const struct start *start = context;
	const struct source_command *command = start->command;

	program_limits_enter(&start->limits);
	umask(077);
	if (chdir("/") != 0)
		return false;
	execve(command->path, (char *const *)(uintptr_t)command->argv,
	       (char *const *)(uintptr_t)command->environment.variables);
	return false;
}

static void show_line(void *context, const char *line)
{
	const struct source_run *run = context;
	char text[OUTPUT_LINE_BYTES + 1];

	snprintf(text, sizeof(text), "%s", line);
	redact_urls(text);
	log_line(run->quiet ? LOG_DEBUG : LOG_INFO, "source", "%s: %s", run->command.name, text);
}

/* --- pictures --- */

static void hand_over(struct source_run *run, const struct jpeg_part *part, mono_t arrived)
{
	if (arrived.us <= run->arrived.us)
		arrived.us = run->arrived.us + 1;
	run->arrived = arrived;
	run->picture(run->context, run->received.data + part->begin, part->length, arrived);
}

/* Finds the pictures in what has been read, the newest of it at `now`. Returns false if there are none to be found. */
static bool split(struct source_run *run, mono_t now)
{
	bool continued = run->splitter.started;
	enum jpeg_splitter_outcome outcome;
	struct jpeg_part part;
	size_t used = 0;

	while ((outcome = jpeg_splitter_next(&run->splitter, run->received.data + used, run->received.length - used,
					     &part)) == JPEG_SPLITTER_PICTURE) {
		part.begin += used;
		hand_over(run, &part, continued ? run->began : now);
		continued = false;
		used = part.begin + part.length;
	}
	buffer_drop(&run->received, used);
	if (run->splitter.started && !continued)
		run->began = now;
	return outcome != JPEG_SPLITTER_JUNK;
}

enum read_outcome { READ_SOME, READ_NOTHING, READ_END };

static enum read_outcome read_some(struct source_run *run)
{
	ssize_t got;

	if (!buffer_reserve(&run->received, READ_BYTES)) {
		run->wrong = "there is no memory for its pictures";
		return READ_END;
	}
	do
		got = read(run->output.fd, run->received.data + run->received.length, READ_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN)
		return READ_NOTHING;
	if (got <= 0)
		return READ_END;
	run->received.length += (size_t)got;
	if (split(run, mono_now()))
		return READ_SOME;
	run->wrong = "it writes what is neither MJPEG nor multipart/x-mixed-replace";
	return READ_END;
}

/* --- messages --- */

static void read_errors(struct source_run *run)
{
	char data[ERROR_BYTES];
	ssize_t got;

	while ((got = read(run->errors.fd, data, sizeof(data))) > 0)
		output_lines_take(&run->lines, data, (size_t)got);
}

static void errors_ready(void *context, uint32_t events)
{
	struct source_run *run = context;

	read_errors(run);
	if (events & EPOLLHUP) /* it has closed them, which is no error */
		loop_watch_set(run->loop, &run->errors, 0);
}

/* --- the end --- */

static void describe_status(const struct source_run *run, enum subprocess_exit outcome, char out[STATUS_BYTES])
{
	if (outcome == SUBPROCESS_RUNNING)
		snprintf(out, STATUS_BYTES, "it has closed its output");
	else if (outcome == SUBPROCESS_KILLED)
		snprintf(out, STATUS_BYTES, "ended by signal %d (%s)", run->child.exit_signal,
			 strsignal(run->child.exit_signal));
	else
		snprintf(out, STATUS_BYTES, "exit status %d", run->child.exit_status);
}

/* FFmpeg begins its lines with [PART @ ADDRESS], which says nothing to people and is another one each time. */
static const char *skip_address(const char *line)
{
	const char *end = line[0] == '[' ? strstr(line, "] ") : NULL;
	const char *address = end ? strstr(line, " @ 0x") : NULL;

	return address && address < end ? skip_address(end + 2) : line;
}

static void describe_end(struct source_run *run, char out[ENDED_TEXT_BYTES])
{
	struct reason why;
	char status[STATUS_BYTES];

	if (subprocess_exec_failed(&run->child, run->command.name, &why)) {
		snprintf(out, ENDED_TEXT_BYTES, "%.200s", why.text);
		return;
	}
	describe_status(run, subprocess_reap(&run->child), status);
	output_lines_finish(&run->lines);
	const char *last = skip_address(run->lines.last);
	snprintf(out, ENDED_TEXT_BYTES, "%s%s%.240s", run->wrong ? run->wrong : status, last[0] ? ": " : "", last);
	redact_urls(out);
}

/* The group is killed before its leader is reaped: until then, no other group can have its id. */
static void finish(struct source_run *run)
{
	char text[ENDED_TEXT_BYTES];

	kill(-run->child.pid, SIGKILL);
	read_errors(run);
	describe_end(run, text);
	source_run_stop(run);
	run->ended(run->context, text);
}

/* Pictures that it had written before it ended count. */
static void exited(void *context, uint32_t events)
{
	struct source_run *run = context;

	(void)events;
	kill(-run->child.pid, SIGKILL);
	for (int i = 0; i < LAST_READS && read_some(run) == READ_SOME; i++)
		;
	finish(run);
}

static void output_ready(void *context, uint32_t events)
{
	struct source_run *run = context;
	enum read_outcome outcome = READ_SOME;

	(void)events;
	for (int i = 0; i < READS_PER_TURN && outcome == READ_SOME; i++)
		outcome = read_some(run);
	if (outcome != READ_END)
		return;
	if (run->wrong)
		finish(run);
	else /* it ends, or is ended soon */
		loop_watch_set(run->loop, &run->output, 0);
}

/* --- the beginning --- */

static bool watch(struct source_run *run)
{
	run->exit = (struct loop_watch){.fd = run->child.exit_fd, .ready = exited, .context = run};
	run->output = (struct loop_watch){.fd = run->child.out, .ready = output_ready, .context = run};
	run->errors = (struct loop_watch){.fd = run->child.err, .ready = errors_ready, .context = run};
	return loop_watch_set(run->loop, &run->exit, EPOLLIN) && loop_watch_set(run->loop, &run->output, EPOLLIN) &&
	       loop_watch_set(run->loop, &run->errors, EPOLLIN);
}

static bool start_child(struct source_run *run, struct reason *why)
{
	bool is_own = run->command.argv != run->command.words.argv;
	struct start start = {
		.command = &run->command,
		.limits = {.data_mib = is_own ? 0 : DATA_MIB, .tasks = program_limits_tasks()},
	};
	struct subprocess_setup setup = {
		.argv = run->command.argv,
		.in = run->command.in,
		.out = SUBPROCESS_PIPE,
		.err = SUBPROCESS_PIPE,
		.nonblocking = true,
		.prepare = become_program,
		.context = &start,
		.leads_group = true,
		.has_exit_fd = true,
	};

	return subprocess_start(&run->child, &setup, why);
}

bool source_run_start(struct source_run *run, const struct config *config, struct reason *why)
{
	if (!source_command_open(&run->command, config, why))
		return false;
	run->lines = (struct output_lines){.show = show_line, .context = run};
	run->splitter = (struct jpeg_splitter){0};
	run->wrong = NULL;
	bool started = start_child(run, why);
	source_command_close(&run->command);
	if (!started)
		return false;
	if (watch(run))
		return true;
	reason_errno(why, "cannot watch %s", run->command.name);
	source_run_stop(run);
	return false;
}

bool source_run_is_running(const struct source_run *run)
{
	return run->child.pid != 0;
}

pid_t source_run_id(const struct source_run *run)
{
	return run->child.pid;
}

void source_run_stop(struct source_run *run)
{
	if (run->exit.fd > 0) {
		loop_watch_set(run->loop, &run->exit, 0);
		loop_watch_set(run->loop, &run->output, 0);
		loop_watch_set(run->loop, &run->errors, 0);
	}
	run->exit.fd = run->output.fd = run->errors.fd = -1;
	subprocess_kill(&run->child); /* closes what is open, and kills one that was not reaped */
	buffer_free(&run->received);
}
