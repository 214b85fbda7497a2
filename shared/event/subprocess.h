/*
 * subprocess.h - child processes: a program, or a function of ours in a forked copy of this process.
 *
 * Its signals are as they usually are, and it is killed by the kernel when we die. One that another thread than the
 * main one started is not: it ends by itself when its pipes do. Nothing here waits, but subprocess_wait(); what was
 * ended or left is reaped by subprocess_reap_detached(). All of it can be called in any thread.
 */
#ifndef SHARED_EVENT_SUBPROCESS_H
#define SHARED_EVENT_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "shared/base/reason.h"

/* So many may be there and not be reaped, in all. */
#define SUBPROCESS_MAX 64

/* The exit status of one that could not become its program, as of a shell. */
#define SUBPROCESS_NOT_EXECUTED 127

struct subprocess {
	pid_t pid;        /* 0: none */
	int in, out, err; /* our ends of its pipes; -1: none, or closed */
	int report;       /* an errno comes out of it if the program could not be run */
	int exit_fd;      /* readable once it has ended (pidfd_open(2)); -1: not asked for */
	int exit_status;  /* once it is reaped: of exit(3); -1: a signal ended it */
};

#define SUBPROCESS_NONE ((struct subprocess){.in = -1, .out = -1, .err = -1, .report = -1, .exit_fd = -1})

/* In place of a descriptor. */
#define SUBPROCESS_PIPE    (-1) /* a pipe; the other end is in struct subprocess */
#define SUBPROCESS_INHERIT (-2) /* ours */

struct subprocess_setup {
	/* A program, searched in PATH, with its standard descriptors. No other one is open in it. */
	const char *const *argv;
	int in, out, err;
	bool nonblocking; /* our ends of its pipes */

	/* Or, argv NULL: a function, by whose value the child exits. It sees our memory and our descriptors. */
	int (*run)(void *context);

	/*
	 * Called in the child, last of all before the program or the function begins: a sandbox, limits. Where this
	 * process has threads only what is async-signal-safe (signal-safety(7)) may be called. False with errno: it
	 * does not begin.
	 */
	bool (*prepare)(void *context);
	void *context; /* of both */

	bool leads_group; /* a process group of its own: a Ctrl-C in the terminal does not reach it, subprocess_kill()
			     does what it starts */
	bool has_exit_fd;
};

/* A program over three pipes that never block us, in a process group of its own. */
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
 * Starts one, without waiting until its program runs: on a busy machine that takes longer than a camera waits. False
 * with a sentence: no memory, no descriptors, or SUBPROCESS_MAX before it (that were killed and do not die, where a
 * disk or a driver hangs).
 */
bool subprocess_start(struct subprocess *child, const struct subprocess_setup *setup, struct reason *why);

/* True, with a sentence, if the program could not be run: not found, not executable. Asked once its output is over. */
bool subprocess_exec_failed(const struct subprocess *child, const char *program, struct reason *why);

/* Closes what is open and kills it (SIGKILL), with its group if it leads one. Does not wait until it is dead. */
void subprocess_kill(struct subprocess *child);

/* Closes what is open, and lets it go on by itself. */
void subprocess_detach(struct subprocess *child);

/* Reaps those that were ended or left and have died meanwhile; starting and ending do so too. */
void subprocess_reap_detached(void);

/* How many were ended or left and are not reaped. */
size_t subprocess_unreaped(void);

/* Closes one of the ends. */
void subprocess_close_fd(int *fd);

enum subprocess_exit {
	SUBPROCESS_RUNNING,   /* still, or it was reaped before */
	SUBPROCESS_SUCCEEDED, /* with status 0 */
	SUBPROCESS_FAILED,    /* with another one: exit_status */
	SUBPROCESS_KILLED,    /* by a signal, of its own making or of others' */
};

/* Reaps it if it has ended by itself. */
enum subprocess_exit subprocess_reap(struct subprocess *child);

/* Waits until it has ended, however long that takes, and closes what is open. Never in a loop. */
enum subprocess_exit subprocess_wait(struct subprocess *child);

#endif
