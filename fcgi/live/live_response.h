/* live_response.h - the short answers of recorder-live, written at once to a connection whose buffer is still empty. */
#ifndef FCGI_LIVE_LIVE_RESPONSE_H
#define FCGI_LIVE_LIVE_RESPONSE_H

#include "fcgi/io/fastcgi.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

/* Appends the headers of a live stream, up to the empty line. */
void live_response_append_stream(struct buffer *out, const struct fastcgi_request *request,
				 const struct config_http *http);

/* Each releases the request (fastcgi_release). A problem without headers of its own gets those of its status (Allow,
 * Retry-After); to HEAD it has no body. `http`: of the camera that is asked for. */
void live_respond_problem(struct fastcgi_request *request, const struct config_http *http, int status,
			  const char *headers, const struct reason *why);
void live_respond_head(struct fastcgi_request *request, const struct config_http *http);

/* 204 or 403 for a CORS preflight (site_headers.h). */
void live_respond_preflight(struct fastcgi_request *request, const struct config_http *http);

#endif
