/*
 * An abstract UNIX socket's address: the kernel gives it to one process and takes it back when that is gone, so there
 * is no file to be left behind (unix(7)).
 */
#include "recorderd/name_lock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static socklen_t address_of(const char *camera, struct sockaddr_un *out)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(out->sun_path + 1, sizeof out->sun_path - 1, "recorderd/%s", camera);

	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

int name_lock_take(const char *camera, struct reason *why)
{
	struct sockaddr_un address;
	socklen_t bytes = address_of(camera, &address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, bytes) == 0)
		return fd;
	if (errno == EADDRINUSE)
		reason_set(why,
			   "a recorder for the camera \"%s\" is running already: each camera needs a name of its own",
			   camera);
	else
		reason_errno(why, "cannot lock the camera name \"%s\"", camera);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* An address that somebody has can be connected to: nothing is sent. */
bool name_lock_held(const char *camera)
{
	struct sockaddr_un address;
	socklen_t bytes = address_of(camera, &address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool held = fd >= 0 && connect(fd, (const struct sockaddr *)&address, bytes) == 0;

	if (fd >= 0)
		close(fd);
	return held;
}
