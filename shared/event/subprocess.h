/*
 * subprocess.h - child processes: a program, or a function in a forked copy of this process.
 *
 * A child starts with default signal handling. The kernel kills it when this process dies, unless a thread other than
 * the main one started it; then it ends when its pipes close. Only subprocess_wait() blocks. Children that were killed
 * or detached are reaped by subprocess_reap_detached(). Every function may be called from any thread.
 */
#ifndef SHARED_EVENT_SUBPROCESS_H
#define SHARED_EVENT_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared/base/reason.h"

/* How many children may exist that have not been reaped. */
#define SUBPROCESS_MAX 64

/* The exit status of a child that could not execute its program, as a shell has it. */
#define SUBPROCESS_NOT_EXECUTED 127

struct subprocess {
	pid_t pid;        /* 0: no process */
	int in, out, err; /* our ends of its pipes; -1: no pipe, or closed */
	int report;       /* a pipe that delivers an errno if the program could not be executed */
	int exit_fd;      /* readable once the child has ended (pidfd_open(2)); -1: not asked for */
	int exit_status;  /* of exit(3), once it is reaped; -1: it was ended by a signal */
	int exit_signal;  /* that ended it, once it is reaped; 0: none did */
};

#define SUBPROCESS_NONE ((struct subprocess){.in = -1, .out = -1, .err = -1, .report = -1, .exit_fd = -1})

/* Values for in, out and err of struct subprocess_setup, in place of a descriptor. */
#define SUBPROCESS_PIPE    (-1) /* a pipe, whose other end is in struct subprocess */
#define SUBPROCESS_INHERIT (-2) /* the same descriptor as ours */

struct subprocess_setup {
	/* A program, found in PATH, and its standard descriptors. It gets no other descriptor. */
	const char *const *argv;
	int in, out, err;
	bool nonblocking; /* our ends of its pipes */

	/* If argv is NULL: a function whose result is the exit status. It sees our memory and our descriptors. */
	int (*run)(void *context);

	/*
	 * Called in the child right before the program or the function begins, to set limits or enter a sandbox. If
	 * this process has threads, it may call only async-signal-safe functions (signal-safety(7)). If it returns
	 * false with errno, the child does not begin.
	 */
	bool (*prepare)(void *context);
	void *context; /* for both functions */

	/* Gives it a process group of its own: Ctrl-C does not reach it, and subprocess_kill() kills its children. */
	bool leads_group;
	bool has_exit_fd;
};

/* A program with three pipes that never block this process, in a process group of its own. */
static inline struct subprocess_setup subprocess_piped(const char *const *argv)
{
	return (struct subprocess_setup){
		.argv = argv,
		.in = SUBPROCESS_PIPE,
		.out = SUBPROCESS_PIPE,
		.err = SUBPROCESS_PIPE,
		.nonblocking = true,
		.leads_group = true,
	};
}

/*
 * Starts a child without waiting until its program runs: on a busy machine that takes longer than a camera can wait.
 * Returns false and sets *why if there is no memory or no descriptor, or if there are SUBPROCESS_MAX children already,
 * which happens if a hanging disk or driver keeps killed ones from dying.
 */
bool subprocess_start(struct subprocess *child, const struct subprocess_setup *setup, struct reason *why);

/*
 * True, with *why set, if the program could not be executed, because it was not found, for instance. Ask after the
 * output has ended.
 */
bool subprocess_exec_failed(const struct subprocess *child, const char *program, struct reason *why);

/* Closes the pipes and kills the child (SIGKILL), with its group if it leads one. Does not wait until it is dead. */
void subprocess_kill(struct subprocess *child);

/* Closes the pipes and lets the child run on by itself. */
void subprocess_detach(struct subprocess *child);

/* Reaps killed and detached children that have died meanwhile. Starting, killing and detaching do so too. */
void subprocess_reap_detached(void);

/* How many killed and detached children have not been reaped. */
size_t subprocess_unreaped(void);

/* Closes one of the pipes, if it is open, and sets it to -1. */
void subprocess_close_fd(int *fd);

enum subprocess_exit {
	SUBPROCESS_RUNNING,   /* it still runs, or it was reaped before */
	SUBPROCESS_SUCCEEDED, /* exit status 0 */
	SUBPROCESS_FAILED,    /* another exit status: exit_status */
	SUBPROCESS_KILLED,    /* ended by a signal */
};

/* Reaps the child if it has ended by itself. */
enum subprocess_exit subprocess_reap(struct subprocess *child);

/* Closes the pipes and waits until the child has ended, however long that takes. Never call it in an event loop. */
enum subprocess_exit subprocess_wait(struct subprocess *child);

#endif
