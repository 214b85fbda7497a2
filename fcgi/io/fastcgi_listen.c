/* fastcgi_listen.c - the listening socket for FastCGI requests. */
#include "fcgi/io/fastcgi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fastcgi.h>

#define BACKLOG 4096 /* 1,500 viewers at once need more than 1024 */

/* The socket that a web server passes to the program as descriptor 0. */
static int inherited(struct reason *why)
{
	int listening = 0;
	socklen_t bytes = sizeof(listening);
	if (getsockopt(FCGI_LISTENSOCK_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) != 0 || !listening) {
		reason_set(why, "descriptor 0 is not a listening socket: start this program from a web server, or give "
				"-s SOCKET");
		return -1;
	}
	int flags = fcntl(FCGI_LISTENSOCK_FILENO, F_GETFL);
	if (flags < 0 || fcntl(FCGI_LISTENSOCK_FILENO, F_SETFL, flags | O_NONBLOCK) != 0) {
		reason_errno(why, "cannot use the socket on descriptor 0");
		return -1;
	}
	return FCGI_LISTENSOCK_FILENO;
}

/* Removes a socket on which nobody listens any more. */
static bool remove_dead_socket(const struct sockaddr_un *address, struct reason *why)
{
	struct stat status;
	if (lstat(address->sun_path, &status) != 0)
		return errno == ENOENT || reason_errno(why, "cannot access %s", address->sun_path);
	if (!S_ISSOCK(status.st_mode))
		return reason_set(why, "%s already exists and is not a socket", address->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return reason_errno(why, "cannot create a socket");
	bool dead = connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED;
	close(fd);
	if (!dead)
		return reason_set(why, "another program already listens on %s", address->sun_path);
	if (unlink(address->sun_path) != 0 && errno != ENOENT)
		return reason_errno(why, "cannot replace the dead socket %s", address->sun_path);
	return true;
}

static int create(const char *path, struct reason *why)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		reason_set(why, "%s is too long for a socket: at most %zu bytes are allowed", path,
			   sizeof(address.sun_path) - 1);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (!remove_dead_socket(&address, why))
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || chmod(path, 0660) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		reason_errno(why, "cannot listen on %s", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int fastcgi_listen(const char *path, struct reason *why)
{
	if (FCGX_Init() != 0) {
		reason_set(why, "cannot initialise libfcgi");
		return -1;
	}
	return path ? create(path, why) : inherited(why);
}
