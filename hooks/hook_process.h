/*
 * hook_process.h - one run of a hook's program: its standard input, its output, its limits and its end.
 *
 * The program gets one line on its standard input, which then ends, and one pipe for its output and its errors. It
 * leads a process group, which is killed when the program ends, when its time is up, and when it floods its output. It is in
 * the folder /, with an umask of 077 and the limits of program_limits.h, 512 MiB of data among them.
 */
#ifndef HOOKS_HOOK_PROCESS_H
#define HOOKS_HOOK_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"
#include "shared/event/loop.h"
#include "shared/event/subprocess.h"
#include "shared/program/output_lines.h"

enum hook_end {
	HOOK_ENDED,     /* with an exit status */
	HOOK_SIGNALLED, /* somebody else killed it */
	HOOK_TIMED_OUT,
	HOOK_FLOODED,
	HOOK_NOT_RUN, /* it could not be executed */
};

struct hook_result {
	enum hook_end end;
	int exit_status; /* of HOOK_ENDED */
	int signal;      /* of HOOK_SIGNALLED */
	int64_t took_us;
	struct reason why; /* of HOOK_NOT_RUN */
};

struct hook_run {
	const char *const *argv;        /* the program's absolute path and its arguments, and NULL */
	const char *const *environment; /* NAME=VALUE, and NULL */
	const char *line;               /* for its standard input, without the line feed */
	size_t bytes;                   /* of the line, less than a pipe holds (4096) */
	int limit_seconds;
};

/* Zero it, and set the first five. It must not move while a program runs. */
struct hook_process {
	struct loop *loop;
	void (*show)(void *context, const char *line);                  /* a line of its output */
	void (*ended)(void *context, const struct hook_result *result); /* may start the next one */
	void *context;

	/* Private */
	struct subprocess child;
	struct loop_watch exit, output;
	struct loop_timer limit;
	struct output_lines lines;
	enum hook_end end; /* so far */
	mono_t started;
	char program[64]; /* its file name, for messages */
};

/*
 * Starts a program; not while one runs. This process must ignore SIGPIPE. Returns false and sets *why, and does not
 * call `ended` then.
 */
bool hook_process_start(struct hook_process *process, const struct hook_run *run, struct reason *why);

bool hook_process_is_running(const struct hook_process *process);

/* The id of the program and of its process group; 0: none runs. */
pid_t hook_process_id(const struct hook_process *process);

/* Kills the program, if one runs, without calling `ended`. */
void hook_process_kill(struct hook_process *process);

/* What became of it, as a sentence without a subject: "failed with exit status 3 after 0.2 s". */
void hook_result_text(const struct hook_result *result, int limit_seconds, char *out, size_t bytes);

#endif
