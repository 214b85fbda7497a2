/* test_client_probe.c - the state of real TCP connections to this machine. */
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

/* A connection, and the names of its ends in a request. */
struct connection {
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

/* Listens on one address and connects to another. False if this machine has no such addresses. */
static bool connection_open(struct connection *connection, int family, const char *listen_at, int connect_family,
			    const char *connect_to)
{
	struct sockaddr_in6 address = {.sin6_family = (sa_family_t)family},
			    other = {.sin6_family = (sa_family_t)connect_family};
	socklen_t bytes = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address);

	*connection = (struct connection){.server = -1,
					  .listener = socket(family, SOCK_STREAM, 0),
					  .client = socket(connect_family, SOCK_STREAM, 0)};
	inet_pton(family, listen_at,
		  family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr : &address.sin6_addr);
	if (bind(connection->listener, (void *)&address, bytes) != 0 || listen(connection->listener, 1) != 0)
		return false;
	getsockname(connection->listener, (void *)&address, &(socklen_t){sizeof(address)});
	other.sin6_port = address.sin6_port;
	inet_pton(connect_family, connect_to,
		  connect_family == AF_INET ? (void *)&((struct sockaddr_in *)&other)->sin_addr : &other.sin6_addr);
	if (connect(connection->client, (void *)&other,
		    connect_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(other)) != 0)
		return false;
	connection->server = accept(connection->listener, NULL, NULL);
	getpeername(connection->server, (void *)&address, &(socklen_t){sizeof(address)});
	name_of(&address, connection->remote, connection->remote_port);
	getsockname(connection->server, (void *)&address, &(socklen_t){sizeof(address)});
	name_of(&address, connection->here, connection->port);
	return true;
}

static void connection_close(struct connection *connection)
{
	close(connection->listener);
	close(connection->client);
	close(connection->server);
}

static uint32_t queued_bytes; /* as of the last probe */

static enum client_state probe(const struct connection *connection)
{
	return client_probe_addresses(connection->remote, connection->remote_port, connection->here, connection->port,
				      &queued_bytes);
}

static const struct {
	int family;
	const char *listen_at;
	int connect_family;
	const char *connect_to;
} routes[] = {
	{AF_INET, "127.0.0.1", AF_INET, "127.0.0.1"},
	{AF_INET6, "::1", AF_INET6, "::1"},
	{AF_INET6, "::", AF_INET, "127.0.0.1"}, /* the server sees ::ffff:127.0.0.1 */
};

/* False if this kernel has no sock_diag. */
static bool kernel_has_sock_diag(void)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void open_route(struct connection *connection, size_t route)
{
	if (!connection_open(connection, routes[route].family, routes[route].listen_at, routes[route].connect_family,
			     routes[route].connect_to) ||
	    !kernel_has_sock_diag()) {
		connection_close(connection);
		print_message("%s and %s: not on this machine\n", routes[route].listen_at, routes[route].connect_to);
		skip();
	}
}

/* The kernel may need a moment to see what the client did. */
static void assert_becomes(const struct connection *connection, enum client_state wanted)
{
	for (int tries = 0; probe(connection) != wanted && tries < 60000; tries++)
		usleep(1000);
	assert_int_equal(probe(connection), wanted);
}

static void a_waiting_client_is_connected(size_t route)
{
	struct connection connection;

	open_route(&connection, route);
	assert_int_equal(probe(&connection), CLIENT_CONNECTED);
	assert_int_equal(send(connection.client, "GET", 3, 0), 3);
	assert_int_equal(probe(&connection), CLIENT_CONNECTED);
	connection_close(&connection);
}

static void a_closed_client_is_noticed_without_reading(size_t route)
{
	struct connection connection;

	open_route(&connection, route);
	close(connection.client);
	connection.client = -1;
	assert_becomes(&connection, CLIENT_CLOSED);
	connection_close(&connection);
}

static void a_reset_connection_is_not_found(size_t route)
{
	struct connection connection;

	open_route(&connection, route);
	setsockopt(connection.client, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	close(connection.client);
	connection.client = -1;
	assert_becomes(&connection, CLIENT_NOT_FOUND);
	connection_close(&connection);
}

/* Sends until the kernel takes no more. Returns how much that was. */
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

static void unread_bytes_are_queued(size_t route)
{
	static char bytes[65536];
	struct connection connection;

	open_route(&connection, route);
	assert_int_equal(probe(&connection), CLIENT_CONNECTED);
	assert_int_equal(queued_bytes, 0);
	for (size_t left = fill(connection.server); left > 0;) {
		assert_int_equal(probe(&connection), CLIENT_CONNECTED);
		assert_true(queued_bytes <= left);
		ssize_t n = recv(connection.client, bytes, sizeof(bytes), 0);
		assert_true(n > 0);
		left -= (size_t)n;
	}
	do
		assert_int_equal(probe(&connection), CLIENT_CONNECTED);
	while (queued_bytes > 0);
	for (int tries = 0; queued_bytes == 0 && tries < 60000; tries++) {
		fill(connection.server);
		assert_int_equal(probe(&connection), CLIENT_CONNECTED);
	}
	assert_true(queued_bytes > 0);
	connection_close(&connection);
}

#define ROUTES(what)                                                                                                   \
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

ROUTES(a_waiting_client_is_connected)
ROUTES(a_closed_client_is_noticed_without_reading)
ROUTES(a_reset_connection_is_not_found)
ROUTES(unread_bytes_are_queued)

static void invalid_addresses_are_unknown(void **state)
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
		cmocka_unit_test(a_waiting_client_is_connected_by_ipv4),
		cmocka_unit_test(a_waiting_client_is_connected_by_ipv6),
		cmocka_unit_test(a_waiting_client_is_connected_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(a_closed_client_is_noticed_without_reading_by_ipv4),
		cmocka_unit_test(a_closed_client_is_noticed_without_reading_by_ipv6),
		cmocka_unit_test(a_closed_client_is_noticed_without_reading_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(a_reset_connection_is_not_found_by_ipv4),
		cmocka_unit_test(a_reset_connection_is_not_found_by_ipv6),
		cmocka_unit_test(a_reset_connection_is_not_found_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(unread_bytes_are_queued_by_ipv4),
		cmocka_unit_test(unread_bytes_are_queued_by_ipv6),
		cmocka_unit_test(unread_bytes_are_queued_by_ipv4_to_an_ipv6_socket),
		cmocka_unit_test(invalid_addresses_are_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
