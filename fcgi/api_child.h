/*
 * api_child.h - a forked child that does what would hold up the loop: it feeds FFmpeg, which gets nothing from a shell.
 */
#ifndef FCGI_API_CHILD_H
#define FCGI_API_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/buffer.h"

/*
 * Forks a child: process group of its own, niced, default signals, killed with its parent. It calls
 * close_parents(closing), then exits with what run(context) returns. *fd gets a pidfd, readable when the child has
 * ended. -1 where that failed.
 */
pid_t api_child_start(int (*run)(void *context), void *context, void (*close_parents)(void *closing), void *closing,
		      int *fd);

/* Kills the child's whole group; reaping stays to be done. */
void api_child_kill(pid_t child);

/* What a child wrote to a memfd, as the content of `out`. False where that is nothing, or memory is short. */
bool api_child_output(int memory_fd, struct buffer *out);

/* How a program ends that could not be started. */
#define CHILD_PROGRAM_MISSING 127

/* Within a child: a program with a pipe to its standard input. */
struct child_program {
	pid_t pid;
	int in_fd;  /* the pipe's writing end */
	int status; /* as waitpid() gives it, once it was waited for */
};

struct child_limits {
	uint64_t out_bytes; /* of its output; more ends it */
	uint64_t cpu_s;     /* likewise */
};

/*
 * Starts `argv` with its standard output to `out_fd` and every other descriptor closed but standard error, locked up
 * (lock_up.h), and with limits of memory and descriptors too.
 */
bool child_program_start(struct child_program *program, char *const argv[], int out_fd,
			 const struct child_limits *limits);

/* Writes all of it; false once the program reads no more. */
bool child_program_feed(const struct child_program *program, const void *data, size_t length);

/* Closes the pipe and waits; true where the program ended with status 0. */
bool child_program_finish(struct child_program *program);

#endif
