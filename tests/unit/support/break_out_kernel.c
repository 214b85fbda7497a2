/* break_out_kernel.c - attempts at system calls that a sandboxed program must not make. */
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shared/ring/control.h"
#include "tests/unit/support/break_out.h"

int try_connect_tcp(void)
{
	return attempt_errno(socket(AF_INET, SOCK_STREAM, 0));
}

int try_open_packets(void)
{
	return attempt_errno(socket(AF_NETLINK, SOCK_RAW, 0));
}

int try_ask_about_connections(void)
{
	return attempt_errno(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
}

int try_connect_recorder(void)
{
	struct sockaddr_un address;
	socklen_t bytes = control_address(target.camera.camera.name, &address);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? errno : attempt_errno(connect(fd, (const struct sockaddr *)&address, bytes));
}

int try_mount_something(void)
{
	return attempt_errno(mount("none", target.folder, "tmpfs", 0, NULL));
}

int try_new_namespace(void)
{
	return attempt_errno(unshare(CLONE_NEWNS));
}

int try_child_in_namespace(void)
{
	long child = syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL, NULL);

	if (child == 0)
		_exit(0);
	return attempt_errno(child);
}

int try_change_root(void)
{
	return attempt_errno(chroot(target.folder));
}

int try_io_uring(void)
{
	char parameters[120] = {0};

	return attempt_errno(syscall(SYS_io_uring_setup, 1, parameters));
}

int try_keyring(void)
{
	return attempt_errno(syscall(SYS_keyctl, 0, -1, 1));
}
