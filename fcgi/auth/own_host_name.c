/* own_host_name.c - looks up this machine's own names. */
#include "fcgi/auth/trusted_host.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMEOUT_MS 2000

/* Runs in a process of its own, because the C library may wait for a name server for a long time. */
static void ask(const char *name, int answer_fd)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	size_t length = 0;

	if (getaddrinfo(name, NULL, &hints, &found) == 0 && found->ai_canonname)
		length = strlen(found->ai_canonname);
	if (length > 0 && length < HOST_NAME_BYTES && write(answer_fd, found->ai_canonname, length) < 0)
		_exit(1);
	_exit(0);
}

/* The answer arrives in one piece, because it is shorter than PIPE_BUF (pipe(7)). */
static void read_answer(int fd, char out[HOST_NAME_BYTES])
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	if (poll(&ready, 1, TIMEOUT_MS) != 1)
		return;
	ssize_t length = read(fd, out, HOST_NAME_BYTES - 1);
	out[length > 0 ? length : 0] = '\0';
	if (length > 0 && out[length - 1] == '.')
		out[length - 1] = '\0';
}

static void find_fqdn(const char *name, char out[HOST_NAME_BYTES])
{
	int ends[2];

	if (pipe(ends) != 0)
		return;
	pid_t child = fork();
	if (child == 0)
		ask(name, ends[1]);
	close(ends[1]);
	if (child > 0) {
		read_answer(ends[0], out);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	close(ends[0]);
}

void own_host_name_find(struct own_host_name *out)
{
	*out = (struct own_host_name){0};
	if (gethostname(out->name, sizeof(out->name)) != 0)
		out->name[0] = '\0';
	out->name[sizeof(out->name) - 1] = '\0';
	if (out->name[0])
		find_fqdn(out->name, out->fqdn);
}
