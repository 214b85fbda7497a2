/* seccomp.c - see seccomp.h. A call that this architecture or this libseccomp does not know is left out. */
#include "shared/sandbox/seccomp.h"

#ifdef HAVE_SECCOMP

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define SPACES                                                                                                         \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define LIVE      (1u << LOCK_LIVE)
#define API       (1u << LOCK_API)
#define FFMPEG    (1u << LOCK_FFMPEG)
#define EVERYBODY (LIVE | API | FFMPEG)
#define WORKERS   (LIVE | API)
#define STARTERS  (API | FFMPEG)

static const struct {
	unsigned who;
	const char *names; /* with blanks between them */
} groups[] = {
	{EVERYBODY,
	 "read write readv writev pread64 pwrite64 lseek _llseek close close_range fcntl fcntl64 dup dup2 dup3 "
	 "pipe pipe2 poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64"},
	{EVERYBODY,
	 "open openat access faccessat faccessat2 readlink readlinkat getcwd stat lstat fstat newfstatat stat64 "
	 "lstat64 fstat64 fstatat64 statx statfs fstatfs statfs64 fstatfs64 getdents getdents64"},
	{EVERYBODY,
	 "brk mmap mmap2 munmap mremap mprotect madvise mlock munlock membarrier futex futex_time64 set_robust_list "
	 "get_robust_list rseq arch_prctl set_thread_area set_tls cacheflush set_tid_address gettid sched_yield "
	 "sched_getaffinity sched_getparam sched_getscheduler getcpu"},
	{EVERYBODY,
	 "rt_sigaction sigaction rt_sigprocmask sigprocmask rt_sigreturn sigreturn sigaltstack restart_syscall "
	 "rt_sigtimedwait rt_sigtimedwait_time64 tgkill exit exit_group"},
	{EVERYBODY,
	 "clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64 "
	 "nanosleep gettimeofday time times getrusage getpid getppid getpgrp getpgid getuid geteuid getgid getegid "
	 "getuid32 geteuid32 getgid32 getegid32 getpriority getrlimit ugetrlimit setrlimit uname sysinfo "
	 "getrandom prctl"},
	{WORKERS,
	 "recv recvfrom recvmsg send sendto sendmsg shutdown getsockopt setsockopt getsockname "
	 "getpeername epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 signalfd4 kill wait4 "
	 "waitid waitpid sendfile sendfile64 fallocate memfd_create"},
	{LIVE, "accept accept4"}, /* the API's workers are handed their connections */
	{API, "connect ftruncate ftruncate64 fsync fdatasync copy_file_range sync_file_range sync_file_range2 mkdir "
	      "mkdirat unlink unlinkat rename renameat renameat2 fork vfork setpgid pidfd_open"},
	/* What a child locks itself up with before it becomes FFmpeg. */
	{STARTERS, "execve landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp"},
};

static bool allow(scmp_filter_ctx filter, const char *name, unsigned checks, const struct scmp_arg_cmp *check)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return true;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, checks, check) == 0;
}

/* Each name of a text. */
static bool allow_all(scmp_filter_ctx filter, const char *names)
{
	char name[48];
	bool good = true;

	while (good && *names) {
		size_t length = strcspn(names, " ");
		memcpy(name, names, length);
		name[length] = '\0';
		good = allow(filter, name, 0, NULL);
		names += length + strspn(names + length, " ");
	}
	return good;
}

/* Calls of which only some forms are harmless. */
static bool allow_some(scmp_filter_ctx filter, enum lock_program program)
{
	const struct scmp_arg_cmp is_unix = SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0);
	/* Connections are asked about (web_client.h); more than that the kernel lets only root do there. */
	const struct scmp_arg_cmp asks[] = {SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0),
					    SCMP_A2(SCMP_CMP_EQ, NETLINK_SOCK_DIAG, 0)};
	const struct scmp_arg_cmp terminal = SCMP_A1(SCMP_CMP_EQ, TCGETS, 0),
				  unread = SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0);
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, SPACES | CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp no_space = SCMP_A0(SCMP_CMP_MASKED_EQ, SPACES, 0);
	/* Of this process alone: all of one user may set each other's limits and priorities otherwise. */
	const struct scmp_arg_cmp own_limits = SCMP_A0(SCMP_CMP_EQ, 0, 0);
	const struct scmp_arg_cmp own_priority[] = {SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0)};
	const struct scmp_arg_cmp own_io[] = {SCMP_A0(SCMP_CMP_EQ, IOPRIO_WHO_PROCESS, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0)};

	if (!allow(filter, "ioctl", 1, &terminal) || !allow(filter, "ioctl", 1, &unread) ||
	    !allow(filter, "prlimit64", 1, &own_limits))
		return false;
	if (program == LOCK_API &&
	    (!allow(filter, "setpriority", 2, own_priority) || !allow(filter, "ioprio_set", 2, own_io)))
		return false;
	/* clone3 hides its flags behind a pointer; without it the C library uses clone. */
	if (!allow(filter, "clone", 1, program == LOCK_API ? &no_space : &thread))
		return false;
	return program != LOCK_API || (allow(filter, "socket", 1, &is_unix) && allow(filter, "socket", 2, asks));
}

bool lock_calls(enum lock_program program, struct reason *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	bool good = filter != NULL;

	for (size_t i = 0; good && i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].who & 1u << program)
			good = allow_all(filter, groups[i].names);
	good = good && allow_some(filter, program);
	/* A tree in place of a list, where this libseccomp knows how. */
	(void)(good && seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2));
	int error = good ? -seccomp_load(filter) : ENOMEM;
	seccomp_release(filter);
	errno = error;
	return error == 0 || reason_errno(why, "seccomp refuses");
}

#else

bool lock_calls(enum lock_program program, struct reason *why)
{
	(void)program;
	return reason_set(why, "this program was built without libseccomp");
}

#endif
