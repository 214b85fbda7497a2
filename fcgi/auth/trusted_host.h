/*
 * trusted_host.h - protects against DNS rebinding by checking the header Host (RFC 9110, section 7.2).
 *
 * Any site can point its name at this machine once its page is loaded. A browser that can reach the recorder then takes
 * the recorder for that site and lets the page read everything. The name in the request gives this away. The address
 * that the request comes from does not, because a browser may be behind a container's gateway or in the local network.
 */
#ifndef FCGI_AUTH_TRUSTED_HOST_H
#define FCGI_AUTH_TRUSTED_HOST_H

#include <stdbool.h>

/* 253 characters (RFC 1035, section 2.3.4), a final dot and the NUL. */
#define HOST_NAME_BYTES 256

/* This machine's host name and its fully qualified domain name (hostname(1)), "" if it has none. */
struct own_host_name {
	char name[HOST_NAME_BYTES];
	char fqdn[HOST_NAME_BYTES];
};

/*
 * Returns false if somebody else could have created the name: it is not an address, has a dot, is not below localhost
 * (RFC 6761) or local (RFC 6762), is not one of `own`, and is not in `names` (config_http.hosts: names, *.NAME for
 * everything below NAME, * for any name). `host` is the header Host, or "" if absent; browsers always send it.
 */
bool trusted_host_check(const char *host, const struct own_host_name *own, const char *names);

/*
 * Looks up this machine's own names, waiting at most 2 seconds for a name server. Call it before the program enters its
 * sandbox (program_sandbox.h).
 */
void own_host_name_find(struct own_host_name *out);

#endif
