/* accept.h - the request header Accept (RFC 9110, section 12.5.1): which media type a client prefers. Pure. */
#ifndef FCGI_HTTP_ACCEPT_H
#define FCGI_HTTP_ACCEPT_H

#define ACCEPT_QUALITY_MAX 1000

/*
 * The quality of a media type for the client, from 0 (not acceptable) to ACCEPT_QUALITY_MAX: that of the most specific
 * range that it matches (that very type, then all of its kind, then anything). Parameters of a range other than its quality do not count,
 * and malformed ranges are ignored. An empty header accepts everything.
 */
unsigned accept_quality(const char *accept, const char *type, const char *subtype);

#endif
