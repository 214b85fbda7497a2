/*
 * site_headers.h - what every answer of both workers tells browsers about the pages of other sites: header lines of the
 * Fetch standard (CORS protocol, Cross-Origin-Resource-Policy, X-Content-Type-Options), and the answer to preflights.
 *
 * Without http.allow_origin a page elsewhere can show the live picture, as dashboards do, and read nothing. Pages that
 * it names can read all that GET gives, and show it as pictures and videos too.
 */
#ifndef FCGI_AUTH_SITE_HEADERS_H
#define FCGI_AUTH_SITE_HEADERS_H

#include "fcgi/io/fastcgi.h"
#include "shared/base/buffer.h"
#include "shared/config/config.h"

/* Appends the lines for an answer of that status to that request. */
void site_headers_append(struct buffer *out, const struct config_http *http, const struct fastcgi_request *request,
			 int status);

/*
 * Whether it is a CORS preflight: a browser asks whether a page may send a request, and sends no token and no login
 * with that. The answer is the same for every path and camera.
 */
bool site_headers_is_preflight(const struct fastcgi_request *request);

/* 204, or 403 with a sentence. Both without a body of content. */
int site_headers_answer_preflight(const struct config_http *http, const struct fastcgi_request *request,
				  struct reason *why);

#endif
