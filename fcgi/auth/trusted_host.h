/*
 * trusted_host.h - by which name a request came (RFC 9110, section 7.2).
 *
 * Any site can have its name point at this machine once its page is loaded (DNS rebinding): then a browser that reaches
 * the recorder takes it for that site, and the page may read all of it. What gives it away is the name. The address
 * that the request comes from tells nothing: a container's gateway and a machine of the local network are browsers too.
 */
#ifndef FCGI_AUTH_TRUSTED_HOST_H
#define FCGI_AUTH_TRUSTED_HOST_H

#include <stdbool.h>

/* 253 characters (RFC 1035, section 2.3.4), a dot at the end, and the NUL. */
#define HOST_NAME_BYTES 256

/* What this machine calls itself: its host name and its fully qualified name; "" where it has none. */
struct own_host_name {
	char name[HOST_NAME_BYTES];
	char full[HOST_NAME_BYTES];
};

/*
 * False where somebody else can have made the name that is asked for: one that is neither an address, nor without a
 * dot, nor below localhost (RFC 6761) or local (RFC 6762), nor one of `own`, nor among `names` (config_http.hosts:
 * names,
 * *.NAME for all below NAME, * for any). `host` is the header Host, "" where there is none: browsers always send one.
 */
bool trusted_host_check(const char *host, const struct own_host_name *own, const char *names);

/*
 * Finds out what this machine calls itself. A name server that does not answer is waited for 2 seconds at most. Before
 * the program locks itself up (program_sandbox.h).
 */
void own_host_name_find(struct own_host_name *out);

#endif
