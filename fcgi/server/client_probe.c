/* client_probe.c - the state of a client's TCP connection, by sock_diag(7). */
#include "fcgi/server/client_probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct diag_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 body;
};

struct diag_reply {
	struct nlmsghdr header;
	union {
		struct nlmsgerr error;
		struct inet_diag_msg connection;
	};
};

/* Returns AF_INET, AF_INET6, or AF_UNSPEC if the text is no address. */
static int address_read(const char *text, __be32 out[4])
{
	if (inet_pton(AF_INET, text, out) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, text, out) == 1 ? AF_INET6 : AF_UNSPEC;
}

static bool port_read(const char *text, __be16 *out)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	*out = htons((uint16_t)port);
	return end != text && !*end && port >= 1 && port <= UINT16_MAX;
}

/* Interprets the kernel's reply. For a listening socket, idiag_wqueue is its backlog. */
static enum client_state reply_read(const struct diag_reply *reply, size_t length, uint32_t *queued_bytes)
{
	if (length >= NLMSG_LENGTH(sizeof(reply->error)) && reply->header.nlmsg_type == NLMSG_ERROR)
		return reply->error.error == -ENOENT ? CLIENT_NOT_FOUND : CLIENT_UNKNOWN;
	if (length < NLMSG_LENGTH(sizeof(reply->connection)) || reply->header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return CLIENT_UNKNOWN;
	if (reply->connection.idiag_state != TCP_LISTEN)
		*queued_bytes = reply->connection.idiag_wqueue;
	switch (reply->connection.idiag_state) {
	case TCP_ESTABLISHED:
	case TCP_SYN_RECV: /* the request came with the first segment (TCP Fast Open) */
		return CLIENT_CONNECTED;
	case TCP_LISTEN: /* there is no such connection, but a socket to connect to */
		return CLIENT_NOT_FOUND;
	default:
		return CLIENT_CLOSED;
	}
}

static enum client_state ask_kernel(const struct diag_request *request, uint32_t *queued_bytes)
{
	struct diag_reply reply;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return CLIENT_UNKNOWN;
	/* The kernel has the reply ready when send() returns. */
	bool sent = send(fd, request, sizeof(*request), MSG_DONTWAIT) == (ssize_t)sizeof(*request);
	ssize_t got = sent ? recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) : -1;
	close(fd);
	return got < 0 ? CLIENT_UNKNOWN : reply_read(&reply, (size_t)got, queued_bytes);
}

enum client_state client_probe_addresses(const char *remote_address, const char *remote_port,
					 const char *server_address, const char *server_port, uint32_t *queued_bytes)
{
	struct diag_request request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST},
		.body = {.sdiag_protocol = IPPROTO_TCP,
			 .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};
	struct inet_diag_sockid *id = &request.body.id;
	int family = address_read(server_address, id->idiag_src);

	*queued_bytes = 0;
	if (family == AF_UNSPEC || address_read(remote_address, id->idiag_dst) != family ||
	    !port_read(server_port, &id->idiag_sport) || !port_read(remote_port, &id->idiag_dport))
		return CLIENT_UNKNOWN;
	request.body.sdiag_family = (uint8_t)family;
	return ask_kernel(&request, queued_bytes);
}

static enum client_state probe(const struct fastcgi_request *request, uint32_t *queued_bytes)
{
	return client_probe_addresses(fastcgi_param(request, "REMOTE_ADDR"), fastcgi_param(request, "REMOTE_PORT"),
				      fastcgi_param(request, "SERVER_ADDR"), fastcgi_param(request, "SERVER_PORT"),
				      queued_bytes);
}

enum client_state client_probe(const struct fastcgi_request *request)
{
	uint32_t unused;

	return probe(request, &unused);
}

bool client_probe_queued_bytes(const struct fastcgi_request *request, uint32_t *queued_bytes)
{
	enum client_state client = probe(request, queued_bytes);

	return client == CLIENT_CONNECTED || client == CLIENT_CLOSED;
}
