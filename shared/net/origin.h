/*
 * origin.h - where a web page is from, as browsers say it: SCHEME://HOST[:PORT] (RFC 6454, section 7; HTML, "origin").
 * Pure.
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
	unsigned port;                    /* 0: none is named, and the scheme has no default */
};

/*
 * Reads the header Origin: nothing may follow the port. False for "null", which a browser sends for pages whose origin
 * it does not tell (a sandboxed frame, a file), and for anything else that is no origin.
 */
bool origin_parse(const char *text, struct origin *out);

/* The origin of a whole address, such as the header Referer has. */
bool origin_parse_url(const char *url, struct origin *out);

bool origin_equal(const struct origin *a, const struct origin *b);

/*
 * Whether the header Host names the server that pages of that origin come from. It has no scheme: a server behind one
 * that speaks TLS does not know by which it was asked.
 */
bool origin_matches_host(const struct origin *origin, const char *host);

/*
 * A list of origins, blanks or commas between them; it may be empty, or `*` alone, which stands for any. `bytes`: what
 * it has to fit into, with its NUL.
 */
bool origin_list_valid(const char *list, size_t bytes);
bool origin_list_is_any(const char *list);

/* Not for `*`: whoever takes that decides what it takes. */
bool origin_list_contains(const char *list, const struct origin *origin);

#endif
