/* unix_listener.c - a listening UNIX socket, and who is connected to it. */
#include "shared/net/unix_listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether nobody listens there, because a process that was killed left the socket's file. */
static bool is_abandoned(int type, const struct sockaddr_un *address, socklen_t bytes)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool abandoned = fd >= 0 && connect(fd, (const struct sockaddr *)address, bytes) != 0 && errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return abandoned;
}

static bool bind_at(struct unix_listener *listener, int type, const struct sockaddr_un *address, socklen_t bytes)
{
	struct stat status;

	if (is_abandoned(type, address, bytes))
		unlink(address->sun_path);
	if (bind(listener->fd, (const struct sockaddr *)address, bytes) != 0)
		return false;
	listener->address = *address;
	if (lstat(address->sun_path, &status) != 0)
		return false;
	listener->device = status.st_dev;
	listener->inode = status.st_ino;
	return true;
}

bool unix_listener_open(struct unix_listener *listener, int type, const struct sockaddr_un *address, socklen_t bytes,
			mode_t mode, int backlog)
{
	*listener = UNIX_LISTENER_NONE;
	listener->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd >= 0 && bind_at(listener, type, address, bytes) && chmod(address->sun_path, mode) == 0 &&
	    listen(listener->fd, backlog) == 0)
		return true;
	int error = errno;
	unix_listener_close(listener);
	errno = error;
	return false;
}

bool unix_listener_is_at(const struct unix_listener *listener, const struct sockaddr_un *address)
{
	struct stat status;

	return listener->fd >= 0 && lstat(address->sun_path, &status) == 0 && status.st_dev == listener->device &&
	       status.st_ino == listener->inode;
}

void unix_listener_close(struct unix_listener *listener)
{
	if (listener->address.sun_path[0] && unix_listener_is_at(listener, &listener->address))
		unlink(listener->address.sun_path);
	if (listener->fd >= 0)
		close(listener->fd);
	*listener = UNIX_LISTENER_NONE;
}

bool unix_peer_credentials(int fd, struct ucred *out)
{
	socklen_t bytes = sizeof(*out);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &bytes) == 0;
}

static bool is_supplementary(int fd, gid_t group)
{
	socklen_t bytes = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes) == 0 || errno != ERANGE)
		return false;

	gid_t *groups = malloc(bytes);
	bool found = false;

	if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) == 0)
		for (size_t i = 0; i < bytes / sizeof(*groups) && !found; i++)
			found = groups[i] == group;
	free(groups);
	return found;
}

bool unix_peer_is_in_group(int fd, gid_t group)
{
	struct ucred peer;

	return (unix_peer_credentials(fd, &peer) && peer.gid == group) || is_supplementary(fd, group);
}
