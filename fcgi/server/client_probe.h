/*
 * client_probe.h - whether the client behind a request is still there, asked of the kernel.
 *
 * A web server that closes the FastCGI connection says it, but some say it late: lighttpd watches a client that sent
 * its request together with the end of the handshake only once some of the answer has gone out (until then it is in
 * none of its epoll sets, whatever tcp-fin-propagate says), and Apache notices when it writes. While a child works for
 * it, the worker looks itself: in the web server's network namespace, sock_diag(7) tells the state of the server's
 * end of a TCP connection, whoever it belongs to.
 */
#ifndef FCGI_SERVER_CLIENT_PROBE_H
#define FCGI_SERVER_CLIENT_PROBE_H

#include "fcgi/io/fastcgi.h"

enum web_client {
	WEB_CLIENT_THERE,
	WEB_CLIENT_LEFT,    /* it closed its end, or only its sending half, which looks the same */
	WEB_CLIENT_NOWHERE, /* no such connection: it was reset, was never to be seen from here, or the kernel lacks
			       tcp_diag */
	WEB_CLIENT_UNTOLD,  /* no TCP addresses in the request, or a kernel that does not answer */
};

/* Of the connection that REMOTE_ADDR, REMOTE_PORT, SERVER_ADDR and SERVER_PORT (RFC 3875) name. Never waits. */
enum web_client web_client_look(const struct fastcgi_request *request);

/* The same of addresses and ports as text. */
enum web_client web_client_at(const char *remote_address, const char *remote_port, const char *server_address,
			      const char *server_port);

#endif
