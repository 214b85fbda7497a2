/*
 * client_address.h - whose request it is, for what is limited for each address.
 *
 * The web server says it in REMOTE_ADDR (RFC 3875, section 4.1.8). Behind a proxy that is the proxy, which names its
 * client in X-Forwarded-For: each proxy adds the address that it was asked from at the end, and what a client sent
 * itself stands before that. So the list is believed only from addresses in http.proxies, and only from its end up to
 * the first address that is no proxy.
 *
 * Who asks from this machine without being such a proxy is not limited, and is not believed either: otherwise any local
 * program could use up the share of somebody else.
 */
#ifndef FCGI_AUTH_CLIENT_ADDRESS_H
#define FCGI_AUTH_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "fcgi/io/fastcgi.h"
#include "shared/net/ip_address.h"

/*
 * The address that a request counts for; false where it counts for none: it comes from this machine, from a proxy that
 * names nobody, or the web server names no IP address. `remote` and `forwarded` are the two texts, "" where there is
 * none; `proxies` is http.proxies. Where a proxy names what is no address, the request counts for the proxy itself.
 * Pure.
 */
bool client_address_parse(const char *remote, const char *forwarded, const char *proxies, struct ip_address *out);

/* The same of a request that is not doubtful. */
bool client_address_from_request(const struct fastcgi_request *request, const char *proxies, struct ip_address *out);

/*
 * Whether a proxy's request has the header more than once, so that nobody can tell which of them the proxy wrote. A web
 * server joins the lines of one name; but in the names of parameters all that is no letter and no digit becomes "_"
 * (RFC 3875, section 4.1.18), and where it does not drop X_Forwarded_For or X.Forwarded.For, a client's own header
 * stands beside the proxy's. Such a request is to be refused.
 */
bool client_address_is_ambiguous(const struct fastcgi_request *request, const char *proxies);

#endif
