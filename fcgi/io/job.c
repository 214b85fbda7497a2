/* job.c - a forked child for work that would block the loop. */
#include "fcgi/io/job.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi/sandbox/program_sandbox.h"
#include "shared/base/disk_pulse.h"
#include "shared/base/file_io.h"

#define CHILD_NICE         10 /* added to that of its worker */
#define PROGRAM_DATA_BYTES (UINT64_C(4) << 30)
#define PROGRAM_FILES      64

static int job_run(void *context)
{
	const struct child_job *job = context;

	disk_pulse_set_target(NULL); /* its pulse must not count as its parent's */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	(void)!nice(CHILD_NICE);
	job->close_parents(job->closing);
	return job->run(job->context);
}

bool child_job_start(struct subprocess *child, const struct child_job *job, bool has_exit_fd)
{
	struct child_job copy = *job;
	struct reason unused;

	return subprocess_start(
		child,
		&(struct subprocess_setup){
			.run = job_run, .context = &copy, .leads_group = true, .has_exit_fd = has_exit_fd},
		&unused);
}

bool child_job_output(int memory_fd, struct buffer *out)
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

/* RLIMIT_DATA counts memory that is written to, not what is only reserved, as the C library does for each thread. */
static void set_limits(const struct child_program_limits *limits)
{
	limit(RLIMIT_FSIZE, limits->out_bytes);
	limit(RLIMIT_CPU, limits->cpu_s);
	limit(RLIMIT_DATA, PROGRAM_DATA_BYTES);
	limit(RLIMIT_NOFILE, PROGRAM_FILES);
	limit(RLIMIT_CORE, 0);
}

static bool program_prepare(void *limits)
{
	program_sandbox_enter_ffmpeg();
	set_limits(limits);
	return true;
}

bool child_program_start(struct subprocess *program, char *const argv[], int out_fd,
			 const struct child_program_limits *limits)
{
	struct child_program_limits copy = *limits;
	struct reason unused;

	return subprocess_start(program,
				&(struct subprocess_setup){
					.argv = (const char *const *)argv,
					.in = SUBPROCESS_PIPE,
					.out = out_fd,
					.err = SUBPROCESS_INHERIT,
					.prepare = program_prepare,
					.context = &copy,
				},
				&unused);
}

bool child_program_write(const struct subprocess *program, const void *data, size_t length)
{
	const uint8_t *at = data;

	while (length > 0) {
		ssize_t n = write(program->in, at, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		length -= (size_t)n;
	}
	return true;
}

bool child_program_wait(struct subprocess *program)
{
	return subprocess_wait(program) == SUBPROCESS_SUCCEEDED;
}
