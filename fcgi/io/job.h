/*
 * job.h - a forked child that does what would hold up the loop: it feeds FFmpeg, which gets nothing from a shell.
 */
#ifndef FCGI_IO_JOB_H
#define FCGI_IO_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/event/subprocess.h"

struct child_job {
	int (*run)(void *context);
	void *context;
	void (*close_parents)(void *closing); /* called before */
	void *closing;
};

/*
 * Forks a child: process group of its own, niced, killed with its parent. It calls close_parents(closing), then exits
 * with what run(context) returns. False where that failed.
 */
bool child_job_start(struct subprocess *child, const struct child_job *job, bool has_exit_fd);

/* What a child wrote to a memfd, as the content of `out`. False where that is nothing, or memory is short. */
bool child_job_output(int memory_fd, struct buffer *out);

struct child_program_limits {
	uint64_t out_bytes; /* of its output; more ends it */
	uint64_t cpu_s;     /* likewise */
};

/*
 * Within a child: starts `argv` with a pipe to its standard input, its standard output to `out_fd` and every other
 * descriptor closed but standard error, locked up (program_sandbox.h), and with limits of memory and descriptors too.
 */
bool child_program_start(struct subprocess *program, char *const argv[], int out_fd,
			 const struct child_program_limits *limits);

/* Writes all of it; false once the program reads no more. */
bool child_program_write(const struct subprocess *program, const void *data, size_t length);

/* Closes the pipe and waits; true where the program ended with status 0. */
bool child_program_wait(struct subprocess *program);

#endif
