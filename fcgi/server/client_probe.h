/*
 * client_probe.h - asks the kernel whether the client of a request is still connected, and how much is queued for
 * it.
 *
 * A web server closes the FastCGI connection when its client leaves, but some do so late. lighttpd does not watch a
 * client whose request arrived together with the end of the TCP handshake until it has sent some of the response
 * (the connection is in none of its epoll sets before that, whatever tcp-fin-propagate is), and Apache only notices
 * when it writes. So while a child works on a request, the worker looks for itself: within the web server's network
 * namespace, sock_diag(7) tells the state of the server's end of any TCP connection, whoever owns it.
 */
#ifndef FCGI_SERVER_CLIENT_PROBE_H
#define FCGI_SERVER_CLIENT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/io/fastcgi.h"

enum client_state {
	CLIENT_CONNECTED,
	CLIENT_CLOSED,    /* it closed its end, or only the sending half, which looks the same */
	CLIENT_NOT_FOUND, /* no such connection: reset, not visible from here, or the kernel lacks tcp_diag */
	CLIENT_UNKNOWN,   /* the request has no TCP addresses, or the kernel does not answer */
};

/* Looks up the connection named by REMOTE_ADDR, REMOTE_PORT, SERVER_ADDR and SERVER_PORT (RFC 3875). Never blocks. */
enum client_state client_probe(const struct fastcgi_request *request);

/*
 * How many bytes the kernel holds for that client that it has not acknowledged: the kernel takes up to some MiB
 * (tcp_wmem, tcp(7)) from a web server long before a slow client has read them. False if that is unknown.
 */
bool client_probe_queued_bytes(const struct fastcgi_request *request, uint32_t *queued_bytes);

/* Both at once, for addresses and ports as text; *queued_bytes is 0 if there is no connection. */
enum client_state client_probe_addresses(const char *remote_address, const char *remote_port,
					 const char *server_address, const char *server_port, uint32_t *queued_bytes);

#endif
