/* test_client_probe.c - whether a client is still there (fcgi/server/client_probe.h), of real connections to this
 * machine. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/server/client_probe.h"

/* A connection, and how each end is called in a request. */
struct line {
	int listener, client, server;
	char remote[INET6_ADDRSTRLEN], here[INET6_ADDRSTRLEN], remote_port[8], port[8];
};

static void name_of(const struct sockaddr_in6 *address, char text[INET6_ADDRSTRLEN], char port[8])
{
	const struct sockaddr_in *four = (const void *)address;

	if (address->sin6_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, &address->sin6_addr, text, INET6_ADDRSTRLEN);
	snprintf(port, 8, "%u", ntohs(address->sin6_port));
}

/* Listens on one address and connects to another. False where this machine has no such addresses. */
static bool line_open(struct line *line, int family, const char *listen_at, int connect_family, const char *connect_to)
{
	struct sockaddr_in6 address = {.sin6_family = (sa_family_t)family},
			    other = {.sin6_family = (sa_family_t)connect_family};
	socklen_t bytes = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address);

	*line = (struct line){.server = -1,
			      .listener = socket(family, SOCK_STREAM, 0),
			      .client = socket(connect_family, SOCK_STREAM, 0)};
	inet_pton(family, listen_at,
		  family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr : &address.sin6_addr);
	if (bind(line->listener, (void *)&address, bytes) != 0 || listen(line->listener, 1) != 0)
		return false;
	getsockname(line->listener, (void *)&address, &(socklen_t){sizeof(address)});
	other.sin6_port = address.sin6_port;
	inet_pton(connect_family, connect_to,
		  connect_family == AF_INET ? (void *)&((struct sockaddr_in *)&other)->sin_addr : &other.sin6_addr);
	if (connect(line->client, (void *)&other,
		    connect_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(other)) != 0)
		return false;
	line->server = accept(line->listener, NULL, NULL);
	getpeername(line->server, (void *)&address, &(socklen_t){sizeof(address)});
	name_of(&address, line->remote, line->remote_port);
	getsockname(line->server, (void *)&address, &(socklen_t){sizeof(address)});
	name_of(&address, line->here, line->port);
	return true;
}

static void line_close(struct line *line)
{
	close(line->listener);
	close(line->client);
	close(line->server);
}

static uint32_t queued_bytes; /* as the last look found it */

static enum client_state look(const struct line *line)
{
	return client_probe_addresses(line->remote, line->remote_port, line->here, line->port, &queued_bytes);
}

static const struct {
	int family;
	const char *listen_at;
	int connect_family;
	const char *connect_to;
} ways[] = {
	{AF_INET, "127.0.0.1", AF_INET, "127.0.0.1"},
	{AF_INET6, "::1", AF_INET6, "::1"},
	{AF_INET6, "::", AF_INET, "127.0.0.1"}, /* the server sees ::ffff:127.0.0.1 */
};

/* Else there is nobody to ask here. */
static bool kernel_answers(void)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void open_way(struct line *line, size_t way)
{
	if (!line_open(line, ways[way].family, ways[way].listen_at, ways[way].connect_family, ways[way].connect_to) ||
	    !kernel_answers()) {
		line_close(line);
		print_message("%s and %s: not on this machine\n", ways[way].listen_at, ways[way].connect_to);
		skip();
	}
}

/* What the client did may take the kernel a moment. */
static void assert_becomes(const struct line *line, enum client_state wanted)
{
	for (int tries = 0; look(line) != wanted && tries < 60000; tries++)
		usleep(1000);
	assert_int_equal(look(line), wanted);
}

static void a_client_that_waits_is_there(size_t way)
{
	struct line line;

	open_way(&line, way);
	assert_int_equal(look(&line), CLIENT_CONNECTED);
	assert_int_equal(send(line.client, "GET", 3, 0), 3);
	assert_int_equal(look(&line), CLIENT_CONNECTED);
	line_close(&line);
}

static void one_that_closed_has_left_though_nobody_read_it(size_t way)
{
	struct line line;

	open_way(&line, way);
	close(line.client);
	line.client = -1;
	assert_becomes(&line, CLIENT_CLOSED);
	line_close(&line);
}

static void one_that_was_reset_is_nowhere(size_t way)
{
	struct line line;

	open_way(&line, way);
	setsockopt(line.client, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	close(line.client);
	line.client = -1;
	assert_becomes(&line, CLIENT_NOT_FOUND);
	line_close(&line);
}

/* Sends until the kernel takes no more; how much that was. */
static size_t fill(int fd)
{
	static const char bytes[65536];
	size_t sum = 0;
	ssize_t n;

	while ((n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		sum += (size_t)n;
	assert_int_equal(errno, EAGAIN);
	return sum;
}

static void what_the_client_has_not_taken_is_queued(size_t way)
{
	static char bytes[65536];
	struct line line;

	open_way(&line, way);
	assert_int_equal(look(&line), CLIENT_CONNECTED);
	assert_int_equal(queued_bytes, 0);
	for (size_t left = fill(line.server); left > 0;) {
		assert_int_equal(look(&line), CLIENT_CONNECTED);
		assert_true(queued_bytes <= left);
		ssize_t n = recv(line.client, bytes, sizeof(bytes), 0);
		assert_true(n > 0);
		left -= (size_t)n;
	}
	do
		assert_int_equal(look(&line), CLIENT_CONNECTED);
	while (queued_bytes > 0);
	for (int tries = 0; queued_bytes == 0 && tries < 60000; tries++) {
		fill(line.server);
		assert_int_equal(look(&line), CLIENT_CONNECTED);
	}
	assert_true(queued_bytes > 0);
	line_close(&line);
}

#define WAYS(what)                                                                                                     \
	static void what##_by_ipv4(void **state)                                                                       \
	{                                                                                                              \
		(void)state;                                                                                           \
		what(0);                                                                                               \
	}                                                                                                              \
	static void what##_by_ipv6(void **state)                                                                       \
	{                                                                                                              \
		(void)state;                                                                                           \
		what(1);                                                                                               \
	}                                                                                                              \
	static void what##_by_ipv4_to_an_ipv6_socket(void **state)                                                     \
	{                                                                                                              \
		(void)state;                                                                                           \
		what(2);                                                                                               \
	}

WAYS(a_client_that_waits_is_there)
WAYS(one_that_closed_has_left_though_nobody_read_it)
WAYS(one_that_was_reset_is_nowhere)
WAYS(what_the_client_has_not_taken_is_queued)

static void what_is_no_connection_of_addresses_is_not_told(void **state)
{
	static const char *const wrong[][4] = {
		{"", "", "", ""},
		{"127.0.0.1", "1", "::1", "80"},
		{"localhost", "1", "127.0.0.1", "80"},
		{"127.0.0.1", "0", "127.0.0.1", "80"},
		{"127.0.0.1", "65536", "127.0.0.1", "80"},
		{"127.0.0.1", "80x", "127.0.0.1", "80"},
		{"127.0.0.1", "-1", "127.0.0.1", "80"},
		{"unix:", "1", "/run/x.sock", "80"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
			client_probe_addresses(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3], &queued_bytes),
			CLIENT_UNKNOWN);
		assert_int_equal(queued_bytes, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_waits_is_there_by_ipv4),
		cmocka_unit_test(a_client_that_waits_is_there_by_ipv6),
		cmocka_unit_test(a_client_that_waits_is_there_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(one_that_closed_has_left_though_nobody_read_it_by_ipv4),
		cmocka_unit_test(one_that_closed_has_left_though_nobody_read_it_by_ipv6),
		cmocka_unit_test(one_that_closed_has_left_though_nobody_read_it_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(one_that_was_reset_is_nowhere_by_ipv4),
		cmocka_unit_test(one_that_was_reset_is_nowhere_by_ipv6),
		cmocka_unit_test(one_that_was_reset_is_nowhere_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(what_the_client_has_not_taken_is_queued_by_ipv4),
		cmocka_unit_test(what_the_client_has_not_taken_is_queued_by_ipv6),
		cmocka_unit_test(what_the_client_has_not_taken_is_queued_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(what_is_no_connection_of_addresses_is_not_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
