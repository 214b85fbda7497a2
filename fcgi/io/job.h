/* job.h - a forked child for work that would block the loop, and the program (FFmpeg) that it runs. */
#ifndef FCGI_IO_JOB_H
#define FCGI_IO_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "shared/base/buffer.h"
#include "shared/event/subprocess.h"

struct child_job {
	int (*run)(void *context);
	void *context;
	void (*close_parents)(void *closing); /* called first: closes the parent's descriptors */
	void *closing;
};

/*
 * Forks a child with a process group of its own and a lower priority; it is killed when its parent dies. It calls
 * close_parents(closing), then exits with the result of run(context). Returns false if it could not be started.
 */
bool child_job_start(struct subprocess *child, const struct child_job *job, bool has_exit_fd);

/*
 * An errno as the exit status of a child, and back: 0 for any other status. Linux has none beyond 133, so it fits.
 * Statuses up to CHILD_JOB_ERRNO are for the job's own outcomes.
 */
#define CHILD_JOB_ERRNO 100

static inline int child_job_failure(int error)
{
	return error > 0 && CHILD_JOB_ERRNO + error <= UINT8_MAX ? CHILD_JOB_ERRNO + error : EXIT_FAILURE;
}

static inline int child_job_errno(int status)
{
	return status > CHILD_JOB_ERRNO ? status - CHILD_JOB_ERRNO : 0;
}

/* Reads what a child wrote to a memfd into `out`. Returns false if that is nothing, or if memory is short. */
bool child_job_output(int memory_fd, struct buffer *out);

struct child_program_limits {
	uint64_t out_bytes; /* of its output */
	uint64_t cpu_s;     /* of processor time */
};

/*
 * For use in a child: starts `argv` in its sandbox (program_sandbox.h), with a pipe to its standard input and
 * `out_fd` as its standard output; standard error is inherited, all other descriptors are closed. The program is
 * killed if it exceeds `limits`; memory and descriptors are limited, too.
 */
bool child_program_start(struct subprocess *program, char *const argv[], int out_fd,
			 const struct child_program_limits *limits);

/* Writes all of `data`. Returns false once the program has stopped reading. */
bool child_program_write(const struct subprocess *program, const void *data, size_t length);

/* Closes the pipe and waits for the program to end. Returns true if its exit status is 0. */
bool child_program_wait(struct subprocess *program);

#endif
