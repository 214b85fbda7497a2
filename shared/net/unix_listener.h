/*
 * unix_listener.h - a listening UNIX socket with a name in the file system (unix(7)), and who is connected to it.
 *
 * A process that is killed leaves its socket's file behind. It refuses connections, and the next listener replaces it.
 */
#ifndef SHARED_NET_UNIX_LISTENER_H
#define SHARED_NET_UNIX_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

struct unix_listener {
	int fd;                     /* never blocks; -1: closed */
	struct sockaddr_un address; /* of the file that is its own; empty: none */
	dev_t device;               /* of that file */
	ino_t inode;
};

#define UNIX_LISTENER_NONE ((struct unix_listener){.fd = -1})

/*
 * Listens at that address, whose file gets these permissions whatever the umask is. `type` is SOCK_STREAM or
 * SOCK_SEQPACKET. Returns false with errno, EADDRINUSE if another process listens there.
 */
bool unix_listener_open(struct unix_listener *listener, int type, const struct sockaddr_un *address, socklen_t bytes,
			mode_t mode, int backlog);

/* Whether the file at that address is still the listener's own. */
bool unix_listener_is_at(const struct unix_listener *listener, const struct sockaddr_un *address);

/* Closes the socket, and removes its file if it is still its own. Safe for a closed one. */
void unix_listener_close(struct unix_listener *listener);

/* The credentials of the process at the other end when it connected. Returns false with errno. */
bool unix_peer_credentials(int fd, struct ucred *out);

/*
 * Whether the group is the primary or a supplementary one of that process. Kernels before 4.13 do not tell the
 * supplementary ones.
 */
bool unix_peer_is_in_group(int fd, gid_t group);

#endif
