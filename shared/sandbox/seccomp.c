/* seccomp.c - restricts this process and its children to the system calls that they need. */
#include "shared/sandbox/seccomp.h"

#include <errno.h>
#include <stdlib.h>

#ifdef HAVE_SECCOMP

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SPACES                                                                                                         \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define LIVE      SECCOMP_LIVE
#define API       SECCOMP_API
#define FFMPEG    SECCOMP_FFMPEG
#define DEVICES   SECCOMP_DEVICES
#define SCRIPT    SECCOMP_SCRIPT
#define MOTION    SECCOMP_MOTION
#define SHIP      SECCOMP_SHIP
#define FETCH     SECCOMP_FETCH
#define EVERYBODY (LIVE | API | FFMPEG | SHIP | FETCH)
#define WORKERS   (LIVE | API | SHIP | FETCH)
#define TALKERS   (SHIP | FETCH) /* to a store */
#define STARTERS  (API | FFMPEG)

#define MODE_FILTER 2 /* SECCOMP_MODE_FILTER of linux/seccomp.h, whose names libseccomp has for its own */

/* Calls that this architecture or this libseccomp does not know are skipped. */
static const struct {
	unsigned who;
	const char *names; /* separated by blanks */
} groups[] = {
	{EVERYBODY, "read write readv writev pread64 preadv pwrite64 lseek _llseek close close_range dup dup2 dup3 "
		    "pipe pipe2 poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64"},
	{EVERYBODY, "access faccessat faccessat2 readlink readlinkat getcwd stat lstat fstat newfstatat stat64 "
		    "lstat64 fstat64 fstatat64 statx statfs fstatfs statfs64 fstatfs64 getdents getdents64"},
	{EVERYBODY,
	 "brk mmap mmap2 munmap mremap mprotect madvise mlock munlock membarrier futex futex_time64 set_robust_list "
	 "get_robust_list rseq arch_prctl set_thread_area set_tls cacheflush set_tid_address gettid sched_yield "
	 "sched_getaffinity sched_getparam sched_getscheduler getcpu"},
	{EVERYBODY,
	 "rt_sigaction sigaction rt_sigprocmask sigprocmask rt_sigreturn sigreturn sigaltstack restart_syscall "
	 "rt_sigtimedwait rt_sigtimedwait_time64 exit exit_group"},
	{EVERYBODY,
	 "clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep clock_nanosleep_time64 "
	 "nanosleep gettimeofday time times getrusage getpid getppid getpgrp getpgid getuid geteuid getgid getegid "
	 "getuid32 geteuid32 getgid32 getegid32 getpriority getrlimit ugetrlimit setrlimit uname sysinfo "
	 "getrandom prctl"},
	/* FFmpeg may open files only for reading: allow_forms() */
	{WORKERS | DEVICES | SCRIPT, "open openat"},
	{WORKERS,
	 "tgkill recv recvfrom recvmsg send sendto sendmsg shutdown getsockopt setsockopt getsockname "
	 "getpeername epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd2 signalfd4 kill wait4 "
	 "waitid waitpid sendfile sendfile64 fallocate memfd_create"},
	{LIVE | FETCH, "accept accept4"}, /* the API's workers receive their connections */
	{FETCH, "mkdir mkdirat"},
	{MOTION,
	 "futex futex_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 restart_syscall "
	 "rt_sigreturn sigreturn exit exit_group"},
	{API, "connect ftruncate ftruncate64 fsync fdatasync copy_file_range sync_file_range sync_file_range2 mkdir "
	      "mkdirat unlink unlinkat rename renameat renameat2 fork vfork setpgid pidfd_open fadvise64 fadvise64_64 "
	      "arm_fadvise64_64 utimensat utimensat_time64"},
	{TALKERS,
	 "connect bind socketpair sendmmsg recvmmsg recvmmsg_time64 ftruncate ftruncate64 fsync fdatasync unlink "
	 "unlinkat "
	 "rename renameat renameat2 fadvise64 fadvise64_64 arm_fadvise64_64"},
	/* With these a child enters its own sandbox and becomes FFmpeg. */
	{STARTERS, "execve landlock_create_ruleset landlock_add_rule landlock_restrict_self"},
	{DEVICES, "memfd_create ftruncate ftruncate64 eventfd2 epoll_create1 epoll_ctl epoll_wait epoll_pwait "
		  "epoll_pwait2 kcmp"},
	{SCRIPT, "fork vfork wait4 waitid waitpid umask chdir fchdir getgroups getgroups32 ioprio_get "
		 "sched_get_priority_max sched_get_priority_min"},
};

static bool allow(scmp_filter_ctx filter, const char *name, unsigned checks, const struct scmp_arg_cmp *check)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return true;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, checks, check) == 0;
}

/* Allows each call of a list. */
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

/*
 * The commands of fcntl(2) for copies, flags and locks, and some that only Linux has (F_SETPIPE_SZ). F_SETOWN and
 * F_SETSIG are not among them, since they can send any signal to any process of the same user.
 */
#define FCNTL_FIRST     0u  /* F_DUPFD to F_SETLKW */
#define FCNTL_LOCKS64   12u /* F_GETLK64, F_SETLK64 of 32-bit machines */
#define FCNTL_LOCK64_W  14u
#define FCNTL_OFD_LOCKS 36u
#define FCNTL_COPY_PIPE 1030u /* F_DUPFD_CLOEXEC, F_SETPIPE_SZ */
#define FCNTL_PIPE_SEAL 1032u /* F_GETPIPE_SZ, F_ADD_SEALS */
#define FCNTL_GET_SEALS 1034u

#define NICEST 19 /* the lowest priority of setpriority(2) */

#define ANY_BUT(bits) (~UINT64_C(bits))

/* The letter of a group of ioctl(2) requests */
#define IOCTL_GROUP      UINT64_C(0xff00)
#define OF_GROUP(letter) ((uint64_t)(letter) << 8)

/* Allows calls that are harmless only with certain arguments. */
static bool allow_forms(scmp_filter_ctx filter, unsigned profiles)
{
	const struct scmp_arg_cmp none = {0};
	const struct {
		unsigned who;
		const char *name;
		struct scmp_arg_cmp first, second; /* second.op 0: only one condition */
	} forms[] = {
		{EVERYBODY, "fcntl", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(7), FCNTL_FIRST), none},
		{EVERYBODY, "fcntl", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(3), FCNTL_OFD_LOCKS), none},
		{EVERYBODY, "fcntl", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(1), FCNTL_COPY_PIPE), none},
		{EVERYBODY, "fcntl", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(1), FCNTL_PIPE_SEAL), none},
		{EVERYBODY, "fcntl", SCMP_A1(SCMP_CMP_EQ, FCNTL_GET_SEALS, 0), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(7), FCNTL_FIRST), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(1), FCNTL_LOCKS64), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_EQ, FCNTL_LOCK64_W, 0), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(3), FCNTL_OFD_LOCKS), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(1), FCNTL_COPY_PIPE), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_MASKED_EQ, ANY_BUT(1), FCNTL_PIPE_SEAL), none},
		{EVERYBODY, "fcntl64", SCMP_A1(SCMP_CMP_EQ, FCNTL_GET_SEALS, 0), none},
		{EVERYBODY, "ioctl", SCMP_A1(SCMP_CMP_EQ, TCGETS, 0), none},
		{EVERYBODY, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0), none},
		/* Only for this process: otherwise processes of one user could change each other's limits. */
		{EVERYBODY, "prlimit64", SCMP_A0(SCMP_CMP_EQ, 0, 0), none},
		{API, "setpriority", SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0)},
		{API, "ioprio_set", SCMP_A0(SCMP_CMP_EQ, IOPRIO_WHO_PROCESS, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0)},
		/* clone3 has its flags behind a pointer; without it the C library uses clone. */
		{LIVE | FFMPEG | TALKERS, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, SPACES | CLONE_THREAD, CLONE_THREAD),
		 none},
		{API | SCRIPT, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, SPACES, 0), none},
		{API, "socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0), none},
		/* The C library asks for addresses in these ways. */
		{TALKERS, "socket", SCMP_A0(SCMP_CMP_EQ, AF_INET, 0), none},
		{TALKERS, "socket", SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0), none},
		{TALKERS, "socket", SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0), none},
		{TALKERS, "socket", SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0), SCMP_A2(SCMP_CMP_EQ, NETLINK_ROUTE, 0)},
		{MOTION, "write", SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO, 0), none},
		{MOTION, "write", SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO, 0), none},
		/* For client_probe.h. The kernel allows anyone but root only queries on this socket. */
		{API, "socket", SCMP_A0(SCMP_CMP_EQ, AF_NETLINK, 0), SCMP_A2(SCMP_CMP_EQ, NETLINK_SOCK_DIAG, 0)},
		{FFMPEG, "open", SCMP_A1(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY), none},
		{FFMPEG, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY), none},
		{SCRIPT, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIOCLEX, 0), none},
		{SCRIPT, "ioctl", SCMP_A1(SCMP_CMP_EQ, FIONCLEX, 0), none},
		/* linux/videodev2.h, drm.h, dma-buf.h, sync_file.h; NVIDIA's: nv-ioctl.h, uvm_ioctl.h */
		{DEVICES, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_GROUP, OF_GROUP('V')), none},
		{DEVICES, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_GROUP, OF_GROUP('d')), none},
		{DEVICES, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_GROUP, OF_GROUP('b')), none},
		{DEVICES, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_GROUP, OF_GROUP('>')), none},
		{DEVICES, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_GROUP, OF_GROUP('F')), none},
		{DEVICES, "ioctl", SCMP_A1(SCMP_CMP_MASKED_EQ, IOCTL_GROUP, OF_GROUP(0)), none},
	};
	bool good = true;

	for (size_t i = 0; good && i < sizeof(forms) / sizeof(forms[0]); i++) {
		const struct scmp_arg_cmp checks[] = {forms[i].first, forms[i].second};
		if (forms[i].who & profiles)
			good = allow(filter, forms[i].name, checks[1].op ? 2 : 1, checks);
	}
	return good;
}

/*
 * Allows what nice(1), ionice(1), chrt(1) and taskset(1) do to themselves before they become the program. It may only
 * give up priority, although root and some others could raise theirs.
 */
static bool allow_yielding(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp own = SCMP_A0(SCMP_CMP_EQ, 0, 0);
	const struct scmp_arg_cmp nicer[] = {SCMP_A0(SCMP_CMP_EQ, PRIO_PROCESS, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0),
					     SCMP_A2(SCMP_CMP_LE, NICEST, 0)};
	const struct scmp_arg_cmp disk[] = {SCMP_A0(SCMP_CMP_EQ, IOPRIO_WHO_PROCESS, 0), SCMP_A1(SCMP_CMP_EQ, 0, 0),
					    SCMP_A2(SCMP_CMP_GE, IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT, 0)};
	const struct scmp_arg_cmp batch[] = {own, SCMP_A1(SCMP_CMP_EQ, SCHED_BATCH, 0)};
	const struct scmp_arg_cmp idle[] = {own, SCMP_A1(SCMP_CMP_EQ, SCHED_IDLE, 0)};

	return allow(filter, "setpriority", 3, nicer) && allow(filter, "ioprio_set", 3, disk) &&
	       allow(filter, "sched_setscheduler", 2, batch) && allow(filter, "sched_setscheduler", 2, idle) &&
	       allow(filter, "sched_setaffinity", 1, &own);
}

/* Copies the code of a filter, which libseccomp writes only to a descriptor. */
static bool take_code(scmp_filter_ctx filter, struct seccomp_filter *out)
{
	int fd = memfd_create("filter", MFD_CLOEXEC);
	int error = fd < 0 ? errno : -seccomp_export_bpf(filter, fd);
	struct stat status;

	if (error == 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
		out->bytes = (size_t)status.st_size;
		out->code = malloc(out->bytes);
		if (!out->code || pread(fd, out->code, out->bytes, 0) != status.st_size)
			error = out->code ? EIO : ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	errno = error;
	return error == 0 && out->code;
}

bool seccomp_filter_build(struct seccomp_filter *out, unsigned profiles, struct reason *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	bool good = filter != NULL;

	*out = (struct seccomp_filter){0};
	for (size_t i = 0; good && i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].who & profiles)
			good = allow_all(filter, groups[i].names);
	good = good && allow_forms(filter, profiles) && (!(profiles & SCRIPT) || allow_yielding(filter));
	/* A binary tree instead of a list, if this libseccomp supports it. */
	(void)(good && seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2));
	if (!good)
		errno = ENOMEM;
	good = good && take_code(filter, out);
	if (!good) {
		reason_errno(why, "libseccomp cannot build a filter");
		seccomp_filter_free(out);
	}
	seccomp_release(filter);
	return good;
}

bool seccomp_filter_enter(const struct seccomp_filter *filter)
{
	const struct sock_fprog program = {
		.len = (unsigned short)(filter->bytes / sizeof(struct sock_filter)),
		.filter = filter->code,
	};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, MODE_FILTER, &program) == 0;
}

#else

bool seccomp_filter_build(struct seccomp_filter *out, unsigned profiles, struct reason *why)
{
	(void)profiles;
	*out = (struct seccomp_filter){0};
	return reason_set(why, "this program was built without libseccomp");
}

bool seccomp_filter_enter(const struct seccomp_filter *filter)
{
	(void)filter;
	errno = ENOSYS;
	return false;
}

#endif

void seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter->code);
	*filter = (struct seccomp_filter){0};
}
