/*
 * host_name.h - by which name a request came (RFC 9110, section 7.2).
 *
 * Any site can have its name point at 127.0.0.1 once its page is loaded (DNS rebinding): then the browser takes a
 * recorder on the same machine for that site, and the page may read all of it. What gives it away is the name.
 */
#ifndef FCGI_HOST_NAME_H
#define FCGI_HOST_NAME_H

#include <stdbool.h>

/*
 * False where a client on this very machine (`remote`, an address) asks by a name that some site's owner can have made:
 * one with a dot in it, which is neither below localhost (RFC 6761) nor local (RFC 6762), nor an address, nor among
 * `names` (config_http.hosts). `host` is the header Host, "" where there is none: browsers always send one.
 */
bool host_name_trusted(const char *remote, const char *host, const char *names);

#endif
