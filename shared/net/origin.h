/*
 * origin.h - the origin of a web page: SCHEME://HOST[:PORT] (RFC 6454, section 7; HTML, "origin"). Pure functions.
 */
#ifndef SHARED_NET_ORIGIN_H
#define SHARED_NET_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#define ORIGIN_SCHEME_BYTES 32
#define ORIGIN_HOST_BYTES   256

struct origin {
	char scheme[ORIGIN_SCHEME_BYTES]; /* lower case */
	char host[ORIGIN_HOST_BYTES];     /* lower case; an IPv6 address in brackets, as inet_ntop(3) writes it */
	unsigned port;                    /* 0: not given, and the scheme has no default */
};

/*
 * Parses the header Origin; nothing may follow the port. Returns false for "null", which a browser sends for pages
 * whose origin it keeps to itself (a sandboxed frame, a file), and for anything else that is not an origin.
 */
bool origin_parse(const char *text, struct origin *out);

/* The origin of a URL, such as the header Referer contains. */
bool origin_parse_url(const char *url, struct origin *out);

bool origin_equal(const struct origin *a, const struct origin *b);

/*
 * Whether the header Host names the server that pages of that origin come from. The header has no scheme: a server
 * behind a proxy that terminates TLS does not know which one the client used.
 */
bool origin_matches_host(const struct origin *origin, const char *host);

/*
 * A list of origins, separated by spaces or commas. It may be empty, or a single `*`, which means any origin. With its
 * NUL the list must fit into `bytes`.
 */
bool origin_list_valid(const char *list, size_t bytes);
bool origin_list_is_any(const char *list);

/* Ignores `*`: the caller decides what that allows. */
bool origin_list_contains(const char *list, const struct origin *origin);

#endif
