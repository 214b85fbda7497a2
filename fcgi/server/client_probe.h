/*
 * client_probe.h - whether the client behind a request is still there, and what waits for it, asked of the kernel.
 *
 * A web server that closes the FastCGI connection says it, but some say it late: lighttpd watches a client that sent
 * its request together with the end of the handshake only once some of the answer has gone out (until then it is in
 * none of its epoll sets, whatever tcp-fin-propagate says), and Apache notices when it writes. While a child works for
 * it, the worker looks itself: in the web server's network namespace, sock_diag(7) tells the state of the server's
 * end of a TCP connection, whoever it belongs to.
 */
#ifndef FCGI_SERVER_CLIENT_PROBE_H
#define FCGI_SERVER_CLIENT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/io/fastcgi.h"

enum client_state {
	CLIENT_CONNECTED,
	CLIENT_CLOSED,    /* it closed its end, or only its sending half, which looks the same */
	CLIENT_NOT_FOUND, /* no such connection: it was reset, was never to be seen from here, or the kernel lacks
			       tcp_diag */
	CLIENT_UNKNOWN,   /* no TCP addresses in the request, or a kernel that does not answer */
};

/* Of the connection that REMOTE_ADDR, REMOTE_PORT, SERVER_ADDR and SERVER_PORT (RFC 3875) name. Never waits. */
enum client_state client_probe(const struct fastcgi_request *request);

/*
 * How many bytes the kernel has for that client which it has not acknowledged: up to some MiB (tcp_wmem, tcp(7)) are
 * taken from a web server long before a slow client takes them. False where that cannot be told.
 */
bool client_probe_queued_bytes(const struct fastcgi_request *request, uint32_t *queued_bytes);

/* Both, of addresses and ports as text; *queued_bytes is 0 where there is no connection. */
enum client_state client_probe_addresses(const char *remote_address, const char *remote_port,
					 const char *server_address, const char *server_port, uint32_t *queued_bytes);

#endif
