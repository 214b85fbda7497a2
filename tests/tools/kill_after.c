/*
 * kill_after.c - runs a program and kills it with SIGKILL right after its N-th system call, of all of its threads together.
 *
 *     kill_after [-e] N PROGRAM [ARGUMENT]...
 *
 * -e: only calls that change something outside of the program count: files, folders and what is sent to others. So
 * N = 1, 2, 3 ... visits every state that a crash can leave behind. Ends with 137 after the kill, otherwise with the status
 * of the program. SIGTERM is passed on.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS_MAX  64
#define SYSCALL_STOP (SIGTRAP | 0x80) /* with PTRACE_O_TRACESYSGOOD */
#define KILLED       137

/* The call in which each thread is. */
static struct thread {
	pid_t tid;
	long call;
} threads[THREADS_MAX];

static volatile sig_atomic_t child;

static void pass_on(int signal)
{
	if (child > 0)
		kill((pid_t)child, signal);
}

static struct thread *find(pid_t tid)
{
	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (threads[i].tid == 0)
			threads[i].tid = tid;
		if (threads[i].tid == tid)
			return &threads[i];
	}
	fprintf(stderr, "kill_after: too many threads\n");
	exit(2);
}

static bool has_effect(long call)
{
	static const long calls[] = {
		SYS_write,     SYS_pwrite64, SYS_writev,    SYS_sendto,    SYS_sendmsg,
		SYS_connect,   SYS_openat,   SYS_ftruncate, SYS_fallocate, SYS_fsync,
		SYS_fdatasync, SYS_mkdirat,  SYS_renameat2, SYS_unlinkat,  SYS_recvfrom,
#ifdef SYS_rename
		SYS_rename,    SYS_renameat, SYS_mkdir,     SYS_unlink,    SYS_open,
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == call)
			return true;
	return false;
}

/* A thread stops at the beginning or at the end of a call. Returns true if that was the end of one that counts. */
static bool ends_call(pid_t tid, bool effects)
{
	struct __ptrace_syscall_info info = {0};
	struct thread *thread = find(tid);

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0)
		return false;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		thread->call = (long)info.entry.nr;
	return info.op == PTRACE_SYSCALL_INFO_EXIT && (!effects || (has_effect(thread->call) && !info.exit.is_error));
}

static int run(long count, bool effects)
{
	int status;

	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);
		long deliver = 0;

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			return 2;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			find(tid)->tid = -1;
			if (tid == (pid_t)child)
				return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			continue;
		}
		if (WSTOPSIG(status) == SYSCALL_STOP) {
			if (ends_call(tid, effects) && --count == 0)
				kill((pid_t)child, SIGKILL);
		} else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) {
			deliver = WSTOPSIG(status);
		}
		(void)ptrace(PTRACE_SYSCALL, tid, NULL, (void *)deliver);
	}
}

int main(int argc, char **argv)
{
	bool effects = argc > 1 && strcmp(argv[1], "-e") == 0;
	int first = effects ? 2 : 1, status;
	struct sigaction action = {.sa_handler = pass_on};

	if (argc < first + 2) {
		fprintf(stderr, "usage: kill_after [-e] N PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execv(argv[first + 1], argv + first + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXEC |
			    PTRACE_O_EXITKILL)) != 0) {
		perror("kill_after");
		return 2;
	}
	child = pid;
	sigaction(SIGTERM, &action, NULL);
	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	int ended = run(atol(argv[first]), effects);
	return ended == 128 + SIGKILL ? KILLED : ended;
}
