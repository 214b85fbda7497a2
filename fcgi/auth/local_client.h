/*
 * local_client.h - whether a request comes from this machine itself, and whether it may make changes without a token.
 *
 * A request is local if all of this holds: both ends of its connection to the web server are loopback addresses
 * (REMOTE_ADDR and SERVER_ADDR; RFC 3875, section 4.1), its Host is localhost (RFC 6761) or a loopback address, and no
 * proxy has marked it (Forwarded, RFC 7239; X-Forwarded-*, X-Real-IP; Via, RFC 9110, section 7.6.3) or speaks
 * HTTP/1.0, as nginx does by default. A proxy on this machine that neither passes the client's Host on nor names its
 * client in any of these ways makes the requests of others local.
 */
#ifndef FCGI_AUTH_LOCAL_CLIENT_H
#define FCGI_AUTH_LOCAL_CLIENT_H

#include <stdbool.h>

#include "fcgi/io/fastcgi.h"
#include "shared/config/config.h"

bool local_client_sent(const struct fastcgi_request *request);

/* Whether http.allow_control allows changes to a request without a token. authorize_change() still has to agree. */
bool local_client_may_control(const struct fastcgi_request *request, enum config_allow allow);

#endif
