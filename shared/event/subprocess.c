/* subprocess.c - starts, kills and reaps child processes. */
#include "shared/event/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20) /* room for some frames, so that a child may be busy for a moment */

/*
 * All children that have not been reaped. Each has its slot before it begins, so killing one never has to wait for it.
 * Guarded by `lock`.
 */
static struct slot {
	bool used, detached; /* detached: killed or left to itself, and not dead when we last looked */
	pid_t pid;
} slots[SUBPROCESS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The first three have the numbers of the standard descriptors. */
enum { IN, OUT, ERR, REPORT, ENDS };

struct ends {
	int ours[ENDS];   /* -1: no pipe */
	int theirs[ENDS]; /* SUBPROCESS_INHERIT: unchanged */
};

void subprocess_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Gives the child's ends their numbers. It runs between fork and exec, so it and everything that it calls must be
 * async-signal-safe. If descriptors 0 to 2 were closed, an end may have the number of another one, so all of them are
 * moved to higher numbers first.
 */
static bool number_ends(int ends[ENDS])
{
	for (int i = 0; i < ENDS; i++) {
		if (ends[i] == SUBPROCESS_INHERIT)
			continue;
		ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, ENDS);
		if (ends[i] < 0)
			return false;
	}
	if (dup3(ends[REPORT], REPORT, O_CLOEXEC) < 0)
		return false;
	for (int i = IN; i <= ERR; i++)
		if (ends[i] != SUBPROCESS_INHERIT && dup2(ends[i], i) < 0)
			return false;
	closefrom(ENDS);
	return true;
}

static void signals_default(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool run_prepare(const struct subprocess_setup *setup)
{
	return !setup->prepare || setup->prepare(setup->context);
}

/* If it fails, sends errno through the report pipe. */
static _Noreturn void become_program(const struct subprocess_setup *setup, struct ends *ends)
{
	bool numbered = number_ends(ends->theirs);
	int report = numbered ? REPORT : ends->theirs[REPORT];

	if (numbered && run_prepare(setup))
		execvp(setup->argv[0], (char *const *)setup->argv);
	int error = errno;
	(void)!write(report, &error, sizeof(error));
	_exit(SUBPROCESS_NOT_EXECUTED);
}

/* The children of its parent are not its own. */
static _Noreturn void run_function(const struct subprocess_setup *setup)
{
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	for (int i = 0; i < SUBPROCESS_MAX; i++)
		slots[i] = (struct slot){0};
	_exit(run_prepare(setup) ? setup->run(setup->context) : SUBPROCESS_NOT_EXECUTED);
}

static _Noreturn void become(const struct subprocess_setup *setup, struct ends *ends, pid_t parent, bool by_main)
{
	if (setup->leads_group)
		setpgid(0, 0);
	/*
	 * The signal comes when the *thread* that forked ends, and only the main thread lives as long as the process.
	 */
	if (by_main)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(SUBPROCESS_NOT_EXECUTED);
	signals_default();
	if (setup->argv)
		become_program(setup, ends);
	run_function(setup);
}

static bool open_end(struct ends *ends, int number, int wanted)
{
	int both[2], ours = number == IN; /* index in `both`, whose second is for writing */

	ends->theirs[number] = wanted;
	if (wanted != SUBPROCESS_PIPE)
		return true;
	if (pipe2(both, O_CLOEXEC) < 0)
		return false;
	ends->ours[number] = both[ours];
	ends->theirs[number] = both[!ours];
	return true;
}

static bool open_ends(struct ends *ends, const struct subprocess_setup *setup)
{
	for (int i = 0; i < ENDS; i++) {
		ends->ours[i] = -1;
		ends->theirs[i] = SUBPROCESS_INHERIT;
	}
	return !setup->argv || (open_end(ends, IN, setup->in) && open_end(ends, OUT, setup->out) &&
				open_end(ends, ERR, setup->err) && open_end(ends, REPORT, SUBPROCESS_PIPE));
}

/* Closes our copies of the child's ends. */
static void close_theirs(struct ends *ends)
{
	for (int i = 0; i < ENDS; i++)
		if (ends->ours[i] >= 0)
			close(ends->theirs[i]);
}

static void close_all(struct ends *ends)
{
	close_theirs(ends);
	for (int i = 0; i < ENDS; i++)
		subprocess_close_fd(&ends->ours[i]);
}

static void take_ends(struct subprocess *child, const struct ends *ends, bool nonblocking)
{
	child->in = ends->ours[IN];
	child->out = ends->ours[OUT];
	child->err = ends->ours[ERR];
	child->report = ends->ours[REPORT];
	for (int i = 0; i < ENDS; i++)
		if (ends->ours[i] >= 0 && (nonblocking || i == REPORT))
			fcntl(ends->ours[i], F_SETFL, O_NONBLOCK);
	if (child->in >= 0)
		fcntl(child->in, F_SETPIPE_SZ, PIPE_BYTES);
	if (child->out >= 0)
		fcntl(child->out, F_SETPIPE_SZ, PIPE_BYTES);
}

/* Returns NULL if no slot is free. */
static struct slot *claim_slot(void)
{
	struct slot *found = NULL;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < SUBPROCESS_MAX && !found; i++)
		if (!slots[i].used)
			found = &slots[i];
	if (found)
		found->used = true;
	pthread_mutex_unlock(&lock);
	return found;
}

static void set_slot(struct slot *slot, struct slot to)
{
	pthread_mutex_lock(&lock);
	*slot = to;
	pthread_mutex_unlock(&lock);
}

static bool open_exit_fd(struct subprocess *child)
{
	child->exit_fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
	return child->exit_fd >= 0;
}

/* Forks. If that fails, the slot is free again. */
static bool start_in(struct slot *slot, struct subprocess *child, const struct subprocess_setup *setup,
		     struct ends *ends)
{
	pid_t parent = getpid();
	bool by_main = gettid() == parent;

	child->pid = fork();
	if (child->pid == 0)
		become(setup, ends, parent, by_main);
	if (child->pid < 0) {
		child->pid = 0;
		set_slot(slot, (struct slot){0});
		return false;
	}
	set_slot(slot, (struct slot){.used = true, .pid = child->pid});
	if (setup->leads_group)
		setpgid(child->pid, child->pid);
	return true;
}

bool subprocess_start(struct subprocess *child, const struct subprocess_setup *setup, struct reason *why)
{
	const char *name = setup->argv ? setup->argv[0] : "a process";
	struct slot *slot;
	struct ends ends;

	*child = SUBPROCESS_NONE;
	subprocess_reap_detached();
	if (!open_ends(&ends, setup)) {
		reason_errno(why, "cannot make pipes for %s", name);
		goto failed;
	}
	slot = claim_slot();
	if (!slot) {
		reason_set(why, "cannot start %s: %d earlier processes were killed and do not die", name,
			   SUBPROCESS_MAX);
		goto failed;
	}
	if (!start_in(slot, child, setup, &ends)) {
		reason_errno(why, "cannot start %s", name);
		goto failed;
	}
	close_theirs(&ends);
	take_ends(child, &ends, setup->nonblocking);
	if (!setup->has_exit_fd || open_exit_fd(child))
		return true;
	reason_errno(why, "cannot watch %s", name);
	subprocess_kill(child);
	return false;
failed:
	close_all(&ends);
	return false;
}

bool subprocess_exec_failed(const struct subprocess *child, const char *program, struct reason *why)
{
	int error;

	if (child->report < 0 || read(child->report, &error, sizeof(error)) != sizeof(error))
		return false;
	errno = error;
	reason_errno(why, "cannot run %s (is it installed?)", program);
	return true;
}

static bool is_dead(pid_t pid)
{
	pid_t reaped;

	do
		reaped = waitpid(pid, NULL, WNOHANG);
	while (reaped < 0 && errno == EINTR);
	return reaped != 0;
}

/* For a child that has not been reaped. */
static struct slot *slot_of(pid_t pid)
{
	struct slot *slot = slots;

	while (!slot->used || slot->pid != pid)
		slot++;
	return slot;
}

void subprocess_reap_detached(void)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < SUBPROCESS_MAX; i++)
		if (slots[i].detached && is_dead(slots[i].pid))
			slots[i] = (struct slot){0};
	pthread_mutex_unlock(&lock);
}

size_t subprocess_unreaped(void)
{
	size_t count = 0;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < SUBPROCESS_MAX; i++)
		count += slots[i].detached;
	pthread_mutex_unlock(&lock);
	return count;
}

static void close_ours(struct subprocess *child)
{
	subprocess_close_fd(&child->in);
	subprocess_close_fd(&child->out);
	subprocess_close_fd(&child->err);
	subprocess_close_fd(&child->report);
	subprocess_close_fd(&child->exit_fd);
}

void subprocess_detach(struct subprocess *child)
{
	close_ours(child);
	if (child->pid) {
		pthread_mutex_lock(&lock);
		slot_of(child->pid)->detached = true;
		pthread_mutex_unlock(&lock);
		child->pid = 0;
	}
	subprocess_reap_detached();
}

void subprocess_kill(struct subprocess *child)
{
	if (child->pid) {
		kill(-child->pid, SIGKILL); /* fails if it leads no group */
		kill(child->pid, SIGKILL);
	}
	subprocess_detach(child);
}

static enum subprocess_exit reaped(struct subprocess *child, int status)
{
	pthread_mutex_lock(&lock);
	*slot_of(child->pid) = (struct slot){0};
	pthread_mutex_unlock(&lock);
	child->pid = 0;
	child->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	child->exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	if (!WIFEXITED(status))
		return SUBPROCESS_KILLED;
	return child->exit_status == 0 ? SUBPROCESS_SUCCEEDED : SUBPROCESS_FAILED;
}

enum subprocess_exit subprocess_reap(struct subprocess *child)
{
	int status;

	if (!child->pid || waitpid(child->pid, &status, WNOHANG) != child->pid)
		return SUBPROCESS_RUNNING;
	return reaped(child, status);
}

enum subprocess_exit subprocess_wait(struct subprocess *child)
{
	int status = 0;

	close_ours(child);
	if (!child->pid)
		return SUBPROCESS_RUNNING;
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	return reaped(child, status);
}
