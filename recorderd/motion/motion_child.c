/* motion_child.c - starts and ends recorder-motion. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "recorderd/motion/motion_process_internal.h"
#include "shared/base/log.h"

#define NICE        10         /* recording comes first */
#define OOM_SCORE   "500"      /* and is killed last */
#define DATA_BYTES  (64 << 20) /* of its own; the ring is shared and does not count */
#define FILES       32
#define FILE_BYTES  (64 << 10) /* libseccomp writes its filter into an anonymous one */
#define PIPE_BYTES  (64 << 10)
#define ERROR_BYTES 1024
#define ERROR_READS 4

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED 0
#endif

static void limit(int resource, rlim_t most)
{
	setrlimit(resource, &(struct rlimit){most, most});
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
	if (SANITIZED) /* sanitizers need terabytes of addresses, and threads */
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

void motion_child_fail(struct motion_process *process, const char *what)
{
	struct reason refused;

	motion_child_read_errors(process);
	bool not_executed = subprocess_exec_failed(&process->child, process->program, &refused);
	if (not_executed)
		snprintf(process->error, sizeof(process->error), "%.127s", refused.text);
	else
		snprintf(process->error, sizeof(process->error), "recorder-motion %s%s%.60s", what,
			 process->messages.last[0] ? ": " : "", process->messages.last);
	motion_child_end(process);
	process->restarts++;
	process->failures++;
	if (not_executed && process->failures < MOTION_FAILURES_MAX)
		process->failures = MOTION_FAILURES_MAX;
	if (process->failures <= MOTION_FAILURES_MAX)
		log_warn("motion", "%s; starting it again%s", process->error,
			 process->failures == MOTION_FAILURES_MAX ? ", and not logging that until it works" : "");
	process->retry_at.us = mono_now().us + backoff_next(&process->backoff);
}

bool motion_child_has_ended(struct motion_process *process)
{
	char what[64];

	switch (subprocess_reap(&process->child)) {
	case SUBPROCESS_RUNNING:
		return false;
	case SUBPROCESS_SUCCEEDED:
		if (process->records_of_child) { /* it cannot open another ring, and this one was closed */
			motion_child_end(process);
			return true;
		}
		/* fall through */
	case SUBPROCESS_FAILED:
		snprintf(what, sizeof(what), "ended with status %d", process->child.exit_status);
		break;
	case SUBPROCESS_KILLED:
		snprintf(what, sizeof(what), "was ended by signal %d (%.32s)", process->child.exit_signal,
			 strsignal(process->child.exit_signal));
		break;
	}
	motion_child_fail(process, what);
	return true;
}
