/* motion_child.c - starts and ends recorder-motion. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "recorderd/motion/motion_process_internal.h"
#include "shared/base/log.h"
#include "shared/base/sanitizer.h"

#define NICE        10         /* recording comes first */
#define OOM_SCORE   "500"      /* and is killed last */
#define DATA_BYTES  (64 << 20) /* of its own; the ring is shared and does not count */
#define FILES       32
#define FILE_BYTES  (64 << 10) /* libseccomp writes its filter into an anonymous one */
#define PIPE_BYTES  (64 << 10)
#define ERROR_BYTES 1024
#define ERROR_READS 4

static void limit(int resource, rlim_t most)
{
	setrlimit((__rlimit_resource_t)resource, &(struct rlimit){most, most});
}

static void offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, OOM_SCORE, strlen(OOM_SCORE));
	close(fd);
}

/* What the system refuses stays as it is: the child then only has more than it needs. */
static bool set_limits(void *context)
{
	(void)context;
	setpriority(PRIO_PROCESS, 0, NICE);
	offer_to_oom_killer();
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, FILE_BYTES);
	limit(RLIMIT_NOFILE, FILES);
	if (SANITIZED)
		return true;
	limit(RLIMIT_DATA, DATA_BYTES);
	limit(RLIMIT_NPROC, 0);
	return true;
}

bool motion_child_start(struct motion_process *process, struct reason *why)
{
	const struct config *config = process->parts.config;
	char fps[16];
	const char *argv[] = {process->program, "--camera", config->camera.name, "--fps", fps, NULL};
	struct subprocess_setup setup = subprocess_piped(argv);

	process->fps = config->motion.fps;
	snprintf(fps, sizeof(fps), "%d", process->fps);
	setup.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (setup.in < 0)
		return reason_errno(why, "cannot open /dev/null");
	setup.prepare = set_limits;
	bool started = subprocess_start(&process->child, &setup, why);
	close(setup.in);
	if (!started)
		return false;
	fcntl(process->child.out, F_SETPIPE_SZ, PIPE_BYTES);
	process->bytes = 0;
	process->records_of_child = 0;
	process->closed_at.us = 0;
	process->quiet_since = mono_now();
	return true;
}

void motion_child_end(struct motion_process *process)
{
	loop_watch_set(process->parts.loop, &process->out, 0);
	subprocess_kill(&process->child);
	process->child = SUBPROCESS_NONE;
	process->messages = (struct child_messages){0};
}

void motion_child_read_errors(struct motion_process *process)
{
	char text[ERROR_BYTES];

	for (int i = 0; i < ERROR_READS && process->child.err >= 0; i++) {
		ssize_t got = read(process->child.err, text, sizeof(text));

		if (got <= 0)
			return;
		child_messages_push(&process->messages, text, (size_t)got);
	}
}

/* Ends it, remembers and logs why, and waits that long before the next one. */
static void give_up(struct motion_process *process, int64_t wait_us)
{
	motion_child_end(process);
	process->restarts++;
	process->failures++;
	if (process->failures <= MOTION_FAILURES_MAX)
		log_warn("motion", "%s; starting it again%s", process->error,
			 process->failures == MOTION_FAILURES_MAX ? ", and not logging that until it works" : "");
	process->retry_at.us = mono_now().us + wait_us;
}

/* What needs somebody's attention at once. */
static void set_lasting(struct motion_process *process)
{
	if (process->failures < MOTION_FAILURES_MAX - 1)
		process->failures = MOTION_FAILURES_MAX - 1;
}

void motion_child_fail(struct motion_process *process, const char *what)
{
	struct reason refused;

	motion_child_read_errors(process);
	if (subprocess_exec_failed(&process->child, process->program, &refused)) {
		snprintf(process->error, sizeof(process->error), "%.127s", refused.text);
		set_lasting(process);
	} else {
		snprintf(process->error, sizeof(process->error), "recorder-motion %s%s%.60s", what,
			 process->messages.last[0] ? ": " : "", process->messages.last);
	}
	give_up(process, backoff_next(&process->backoff));
}

/*
 * It has said why it cannot work, such as pictures that it cannot decode. While that does not change it is started less
 * and less often.
 */
static void accept_cause(struct motion_process *process)
{
	char cause[sizeof(process->error)];

	snprintf(cause, sizeof(cause), "%.127s", process->messages.last);
	if (strcmp(cause, process->error) != 0)
		backoff_reset(&process->cause_backoff);
	memcpy(process->error, cause, sizeof(cause));
	set_lasting(process);
	give_up(process, backoff_next(&process->cause_backoff));
}

static void end_with_status(struct motion_process *process, int status)
{
	char what[64];

	motion_child_read_errors(process);
	if (status == 0 && process->records_of_child) /* it cannot open another ring, and this one was closed */
		motion_child_end(process);
	else if (status != 0 && status != SUBPROCESS_NOT_EXECUTED && process->messages.last[0])
		accept_cause(process);
	else {
		snprintf(what, sizeof(what), "ended with status %d", status);
		motion_child_fail(process, what);
	}
}

bool motion_child_has_ended(struct motion_process *process)
{
	char what[64];

	switch (subprocess_reap(&process->child)) {
	case SUBPROCESS_RUNNING:
		return false;
	case SUBPROCESS_SUCCEEDED:
	case SUBPROCESS_FAILED:
		end_with_status(process, process->child.exit_status);
		return true;
	case SUBPROCESS_KILLED:
		break;
	}
	snprintf(what, sizeof(what), "was ended by signal %d (%.32s)", process->child.exit_signal,
		 strsignal(process->child.exit_signal));
	motion_child_fail(process, what);
	return true;
}
