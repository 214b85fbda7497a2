/*
 * site_headers.h - response headers that tell browsers what pages of other sites may do, and responses to preflights.
 *
 * The headers are those of the Fetch standard (CORS protocol, Cross-Origin-Resource-Policy, X-Content-Type-Options).
 * Without http.allow_origin, pages of other sites can show the live picture, as dashboards do, and read nothing. Pages
 * that it lists can read everything that GET returns, and also show it as pictures and videos. Only pages that
 * http.frame_ancestors lists can have a response other than the live picture in a frame.
 */
#ifndef FCGI_AUTH_SITE_HEADERS_H
#define FCGI_AUTH_SITE_HEADERS_H

#include "fcgi/io/fastcgi.h"
#include "shared/base/buffer.h"
#include "shared/config/config.h"

/* Appends the header lines for a response with that status. */
void site_headers_append(struct buffer *out, const struct config_http *http, const struct fastcgi_request *request,
			 int status);

/*
 * Whether it is a CORS preflight, with which a browser asks whether a page may send a request. It has no token and no
 * login, so the response is the same for every path and camera.
 */
bool site_headers_is_preflight(const struct fastcgi_request *request);

/* Returns 204, or 403 and sets *why. */
int site_headers_answer_preflight(const struct config_http *http, const struct fastcgi_request *request,
				  struct reason *why);

#endif
