/*
 * child.h - a program that recorderd starts and talks to over three pipes. It runs in a process group of its own, so
 * that a Ctrl-C in the terminal reaches recorderd alone, and it is killed by the kernel when recorderd dies. One that
 * another thread than the main one started is not: it ends by itself when its pipes do.
 */
#ifndef RECORDERD_CHILD_H
#define RECORDERD_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/reason.h"

struct child {
	pid_t pid;        /* 0: none */
	int in, out, err; /* our ends, non-blocking; -1: closed */
	int report;       /* an errno comes out of it where the program could not be run */
};

#define CHILD_NONE ((struct child){.in = -1, .out = -1, .err = -1, .report = -1})

/*
 * Starts argv[0] (searched in PATH), without waiting until it runs: on a busy machine that takes longer than the camera
 * waits. False with a sentence: no memory, no descriptors, or too many before it that were killed and do not die (a
 * disk or a driver hangs).
 */
bool child_start(struct child *child, const char *const *argv, struct reason *why);

/* True, with a sentence, where it could not be run: not found, not executable. Asked once its output is over. */
bool child_was_refused(const struct child *child, const char *program, struct reason *why);

/* Closes what is open and kills the group (SIGKILL). Does not wait until it is dead: child_sweep() reaps it. */
void child_end(struct child *child);

/* Reaps those that were ended and have died meanwhile; child_start() and child_end() do so too. Any thread. */
void child_sweep(void);

/* Closes one of the ends. */
void child_close(int *fd);

enum child_end {
	CHILD_RUNS,       /* still, or it was reaped before */
	CHILD_ENDED_WELL, /* with status 0 */
	CHILD_FAILED,     /* with another one */
	CHILD_KILLED,     /* by a signal, of its own making or of others' */
};

/* Reaps it if it has ended by itself, with a text like "exit status 1" or "signal 9". */
enum child_end child_reap(struct child *child, char *text, size_t bytes);

#endif
