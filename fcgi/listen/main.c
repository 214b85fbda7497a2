/* main.c - recorder-listen: opens the web server's listening sockets and executes the server. */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/reason.h"

/*
 *     recorder-listen -f LIGHTTPD_CONF [-a ADDRESS]... COMMAND [ARGUMENT...]
 *
 * Port and address are var.port and var.bind of the configuration file (lighttpd.conf.example); each -a adds an
 * address. lighttpd receives the sockets as from a service manager: descriptors from 3 on, with LISTEN_FDS and
 * LISTEN_PID (sd_listen_fds(3)). It uses them if server.systemd-socket-activation = "enable".
 *
 * This program exists because lighttpd has no setting for TCP_NOTSENT_LOWAT, which connections inherit: the kernel
 * accepts more data only while it has fewer unsent bytes than that. Without it, the kernel queues megabytes for a
 * viewer that is slower than the camera, whose picture then is 3 to 8 s old (200 KB/s, frames of 80 KB) instead of 1.1
 * s.
 */

#define FIRST_FD      3
#define ADDRESSES_MAX 8
#define BACKLOG       1024
#define NOTSENT_BYTES 16384

struct settings {
	char port[8], bind[128];
	const char *addresses[ADDRESSES_MAX];
	int count;
};

static int usage(void)
{
	fputs("usage: recorder-listen -f LIGHTTPD_CONF [-a ADDRESS]... COMMAND [ARGUMENT...]\n", stderr);
	return 2;
}

static bool read_settings(const char *path, struct settings *settings, struct reason *why)
{
	char line[1024];
	FILE *file = fopen(path, "re");
	if (!file)
		return reason_errno(why, "cannot read %s", path);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " var.port = %7[0-9]", settings->port) == 1)
			continue;
		/* lighttpd writes IPv6 addresses in brackets. */
		if (sscanf(line, " var.bind = \"[%127[^]]", settings->bind) != 1)
			(void)sscanf(line, " var.bind = \"%127[^\"[]", settings->bind);
	}
	fclose(file);
	if (!settings->port[0] || !settings->bind[0])
		return reason_set(why, "%s does not set both var.port and var.bind", path);
	return true;
}

static bool prepare(int fd, const struct addrinfo *found)
{
	const int on = 1, notsent_bytes = NOTSENT_BYTES;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return false;
	if (found->ai_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return false;
	return setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent_bytes, sizeof(notsent_bytes)) == 0 &&
	       bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
}

/* Opens a listening socket as descriptor `wanted_fd`, which stays open across exec. */
static bool open_listener(const char *address, const char *port, int wanted_fd, struct reason *why)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int error = getaddrinfo(address, port, &hints, &found);
	if (error != 0)
		return reason_set(why, "address %s, port %s: %s", address, port, gai_strerror(error));
	int fd = socket(found->ai_family, SOCK_STREAM, 0);
	bool open = fd >= 0 && prepare(fd, found) && (fd == wanted_fd || dup2(fd, wanted_fd) == wanted_fd);
	if (!open)
		reason_errno(why, "cannot listen on address %s, port %s", address, port);
	if (fd >= 0 && fd != wanted_fd)
		close(fd);
	freeaddrinfo(found);
	return open;
}

static bool open_listeners(const struct settings *settings, struct reason *why)
{
	for (int i = 0; i < settings->count; i++)
		if (!open_listener(settings->addresses[i], settings->port, FIRST_FD + i, why))
			return false;
	char number[16];
	snprintf(number, sizeof(number), "%d", settings->count);
	if (setenv("LISTEN_FDS", number, 1) != 0)
		return reason_errno(why, "cannot set LISTEN_FDS");
	snprintf(number, sizeof(number), "%d", (int)getpid());
	return setenv("LISTEN_PID", number, 1) == 0 || reason_errno(why, "cannot set LISTEN_PID");
}

/* Web servers are in the administrators' folders, which other users may not have in PATH. */
static bool add_to_path(struct reason *why)
{
	const char *path = getenv("PATH");
	char longer[4096];
	int length = snprintf(longer, sizeof(longer), "%s:/usr/local/sbin:/usr/sbin:/sbin",
			      path && *path ? path : "/usr/local/bin:/usr/bin:/bin");
	if (length < 0 || (size_t)length >= sizeof(longer))
		return true; /* one that is so long stays as it is */
	return setenv("PATH", longer, 1) == 0 || reason_errno(why, "cannot set PATH");
}

int main(int argc, char **argv)
{
	struct settings settings = {.addresses = {settings.bind}, .count = 1};
	const char *file = NULL;
	struct reason why;
	int option;
	while ((option = getopt(argc, argv, "+a:f:")) != -1) {
		if (option == 'a' && settings.count < ADDRESSES_MAX)
			settings.addresses[settings.count++] = optarg;
		else if (option == 'f')
			file = optarg;
		else
			return usage();
	}
	if (!file || optind == argc)
		return usage();
	if (read_settings(file, &settings, &why) && open_listeners(&settings, &why) && add_to_path(&why)) {
		execvp(argv[optind], argv + optind);
		reason_errno(&why, "cannot start %s", argv[optind]);
	}
	fprintf(stderr, "recorder-listen: %s\n", why.text);
	return EXIT_FAILURE;
}
