/* break_out.h - attempts at what a locked program has no business with, and at what it has: 0 where one succeeded, else
 * errno. */
#ifndef TESTS_UNIT_SUPPORT_BREAK_OUT_H
#define TESTS_UNIT_SUPPORT_BREAK_OUT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/config/config.h"
#include "shared/ring/control.h"

static char folder[64], recording[96], secret[96];
static struct config camera;
static volatile int in_parent = 42;
static uintptr_t in_parent_at; /* where the parent has it, if that is another program */
static pid_t parent;

static int result(long outcome)
{
	return outcome < 0 ? errno : 0;
}

static int opened(const char *path, int flags)
{
	return result(open(path, flags | O_CLOEXEC, 0600));
}

static const char *within(const char *directory, const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int read_passwd(void)
{
	return opened("/etc/passwd", O_RDONLY);
}

static int read_configuration(void)
{
	return opened(secret, O_RDONLY);
}

static int list_root(void)
{
	return opened("/", O_RDONLY | O_DIRECTORY);
}

static int write_recording(void)
{
	return opened(recording, O_WRONLY);
}

static int make_recording(void)
{
	return opened(within(camera.record.directory, "forged.mp4"), O_WRONLY | O_CREAT);
}

static int remove_recording(void)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%s.copy", recording);
	return result(unlink(copy));
}

static int truncate_recording(void)
{
	return result(truncate(recording, 0));
}

static char own_ring[64], forged_ring[80]; /* of this process alone */

static int make_ring(void)
{
	return result(shm_open(forged_ring, O_RDWR | O_CREAT, 0600));
}

static int remove_ring(void)
{
	return result(shm_unlink(own_ring));
}

static int follow_link_out_of_clips(void)
{
	const char *link = within(camera.clips.directory, "link.mp4");

	return symlink("/etc/passwd", link) != 0 && errno != EEXIST ? errno : opened(link, O_RDONLY);
}

static int link_into_clips(void)
{
	return result(link(secret, within(camera.clips.directory, "linked.mp4")));
}

static int make_device_in_clips(void)
{
	return result(mkfifo(within(camera.clips.directory, "pipe"), 0600));
}

static int start_a_process(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return result(child);
}

static int run(const char *path)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		return errno;
	if (child == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		dup2(nothing, STDOUT_FILENO);
		execl(path, path, "-version", NULL);
		_exit(errno);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int run_another_program(void)
{
	return run("/bin/true");
}

static int run_from_clips(void)
{
	return run(within(camera.clips.directory, "program"));
}

static int connect_tcp(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int open_packets(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int ask_about_connections(void)
{
	return result(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
}

static int trace_parent(void)
{
	return result(ptrace(PTRACE_SEIZE, parent, NULL, NULL));
}

static int read_parent(void)
{
	int here;
	struct iovec local = {&here, sizeof(here)},
		     remote = {(void *)(in_parent_at ? in_parent_at : (uintptr_t)&in_parent), sizeof(in_parent)};

	return result(process_vm_readv(parent, &local, 1, &remote, 1, 0));
}

static int read_parent_by_file(void)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)parent);
	return opened(path, O_RDONLY);
}

static int signal_parent(void)
{
	return result(kill(parent, SIGWINCH));
}

static int signal_parents_thread(void)
{
	return result(syscall(SYS_tgkill, parent, parent, SIGWINCH));
}

/* Its input and output would signal the other process; by F_SETSIG with any signal. */
static int let_parent_be_signalled(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	return result(fcntl(ends[0], F_SETOWN, parent));
}

/* To what it has already: the attempt counts, and does no harm where it succeeds. */
static int limit_parent(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return errno;
	return result(syscall(SYS_prlimit64, parent, RLIMIT_FSIZE, &limit, NULL));
}

static int slow_parent(void)
{
	return result(setpriority(PRIO_PROCESS, (id_t)parent, getpriority(PRIO_PROCESS, (id_t)parent)));
}

static int slow_own_group(void)
{
	return result(setpriority(PRIO_PGRP, 0, getpriority(PRIO_PGRP, 0)));
}

static int slow_parents_disk(void)
{
	return result(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, parent, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)));
}

static int limit_and_slow_itself(void)
{
	const struct rlimit limit = {1 << 20, 1 << 20};

	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || setpriority(PRIO_PROCESS, 0, 10) != 0)
		return errno;
	return result(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)));
}

static int mount_something(void)
{
	return result(mount("none", folder, "tmpfs", 0, NULL));
}

static int new_namespace(void)
{
	return result(unshare(CLONE_NEWNS));
}

static int child_in_namespace(void)
{
	long child = syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);

	if (child == 0)
		_exit(0);
	return result(child);
}

static int change_root(void)
{
	return result(chroot(folder));
}

static int ring_of_requests(void)
{
	char parameters[120] = {0};

	return result(syscall(SYS_io_uring_setup, 1, parameters));
}

static int keyring(void)
{
	return result(syscall(SYS_keyctl, 0, -1, 1));
}

static int connect_recorder(void)
{
	struct sockaddr_un address;
	socklen_t bytes = control_address(camera.camera.name, &address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : result(connect(fd, (const struct sockaddr *)&address, bytes));
}

/* Locks that recorderd depends on: whoever can open what they are on can hold them, for reading alone too. */

static int held(const char *path)
{
	static const int ways[] = {O_RDONLY, O_WRONLY, O_RDONLY | O_DIRECTORY};
	int error = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd = open(path, ways[i] | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0) {
			error = errno;
			continue;
		}
		if (flock(fd, LOCK_SH | LOCK_NB) == 0)
			return 0;
		error = errno;
		close(fd);
	}
	return error;
}

static char own_lock[128]; /* of the camera's name */

static int hold_the_camera_s_name(void)
{
	return held(own_lock);
}

static int hold_the_ring(void)
{
	char path[96];

	snprintf(path, sizeof(path), "/dev/shm%s", own_ring);
	return held(path);
}

static int hold_the_recordings(void)
{
	return held(within(camera.record.directory, ".lock"));
}

/* Whoever opens it for writing waits, for 45 seconds as a rule. */
static int lease_a_recording(void)
{
	int fd = open(recording, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : result(fcntl(fd, F_SETLEASE, F_RDLCK));
}

static int hold_the_recordings_folder(void)
{
	return held(camera.record.directory);
}

static int remove_the_lock(void)
{
	return result(rmdir(own_lock));
}

static int list_shared_memory(void)
{
	return opened("/dev/shm", O_RDONLY | O_DIRECTORY);
}

/* What stays possible. */

static int read_recording(void)
{
	return opened(recording, O_RDONLY);
}

static int read_ring(void)
{
	return result(shm_open(own_ring, O_RDONLY, 0));
}

static int keep_clip(void)
{
	char temporary[PATH_MAX + 64];

	snprintf(temporary, sizeof(temporary), "%s", within(camera.clips.directory, ".new.part"));
	int fd = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || ftruncate(fd, 0) != 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0)
		return errno;
	return result(rename(temporary, within(camera.clips.directory, "new.mp4")));
}

static int make_cache(void)
{
	const char *path = within(camera.clips.directory, "cache");

	return mkdir(path, 0750) != 0 && errno != EEXIST ? errno : opened(path, O_RDONLY | O_DIRECTORY);
}

static int run_ffmpeg(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		dup2(nothing, STDOUT_FILENO);
		execlp("ffmpeg", "ffmpeg", "-version", NULL);
		_exit(errno);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

#endif
