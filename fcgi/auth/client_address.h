/*
 * client_address.h - the address of the client that sent a request, for limits per address.
 *
 * The web server passes it in REMOTE_ADDR (RFC 3875, section 4.1.8). Behind a proxy, that is the proxy's address, and
 * the proxy names its client in X-Forwarded-For: each proxy appends the address of its client, after whatever the
 * client itself sent. So the list is trusted only from addresses in http.proxies, and only from its end up to the first
 * address that is not a proxy.
 *
 * Requests from this machine that do not come from such a proxy are not limited, and their list is not trusted.
 * Otherwise any local program could use up another client's share.
 */
#ifndef FCGI_AUTH_CLIENT_ADDRESS_H
#define FCGI_AUTH_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "fcgi/io/fastcgi.h"
#include "shared/net/ip_address.h"

/*
 * Determines the address that a request counts against. Returns false if there is none: it comes from this machine or
 * from a proxy that names no client, or REMOTE_ADDR is not an IP address. `remote` and `forwarded` are the two values,
 * "" if absent; `proxies` is http.proxies. If a proxy names something that is not an address, the request counts
 * against the proxy.
 */
bool client_address_parse(const char *remote, const char *forwarded, const char *proxies, struct ip_address *out);

/* The same for a request that is not ambiguous. */
bool client_address_from_request(const struct fastcgi_request *request, const char *proxies, struct ip_address *out);

/*
 * Whether a proxy's request has the header more than once, so nobody can tell which one the proxy wrote. A web server
 * joins lines of the same name. But in names of parameters, everything but letters and digits becomes "_" (RFC 3875,
 * section 4.1.18). If the server does not drop X_Forwarded_For or X.Forwarded.For, a client can add a header of its own
 * next to the proxy's. Such a request must be refused.
 */
bool client_address_is_ambiguous(const struct fastcgi_request *request, const char *proxies);

#endif
