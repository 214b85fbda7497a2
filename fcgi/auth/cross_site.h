/*
 * cross_site.h - whether a page of another site made a browser send a request, and whether http.allow_origin allows it.
 *
 * Three headers tell (Fetch Metadata; RFC 6454; RFC 9110, section 10.1.3), and pages cannot set them. Browsers send
 * Sec-Fetch-Site only over TLS and to localhost, Origin with everything but a plain GET, and Referer unless the page
 * forbids it. Scripts send none of them.
 */
#ifndef FCGI_AUTH_CROSS_SITE_H
#define FCGI_AUTH_CROSS_SITE_H

#include <stdbool.h>

#include "fcgi/io/fastcgi.h"
#include "shared/config/config.h"
#include "shared/net/origin.h"

/* The headers, "" if absent. One that was sent twice is CROSS_SITE_REPEATED, which is not a valid value of any. */
struct cross_site {
	const char *site;    /* Sec-Fetch-Site */
	const char *origin;  /* Origin */
	const char *referer; /* Referer */
	const char *host;    /* Host */
};

#define CROSS_SITE_REPEATED ","

void cross_site_read(const struct fastcgi_request *request, struct cross_site *out);

/* Whether another site sent it. The first header that is present decides; an invalid one counts as another site. */
bool cross_site_is_foreign(const struct cross_site *from);

/* The same if any of the headers says so, for requests that change something. */
bool cross_site_is_suspect(const struct cross_site *from);

/* Whether it is a cross-site request in the Fetch standard's mode "cors", whose page can read the response. */
bool cross_site_is_cors(const struct cross_site *from);

/* The page's origin, from Origin or else Referer. Returns false if neither has one. */
bool cross_site_page_origin(const struct cross_site *from, struct origin *out);

/*
 * Whether http.allow_origin allows the page: the first function goes by Origin only, the second by Origin or Referer.
 * `*` allows only pages that send a token; otherwise any page could watch the camera of whoever visits it.
 */
bool cross_site_may_read(const struct cross_site *from, const struct config_http *http, bool sends_token);
bool cross_site_is_allowed(const struct cross_site *from, const struct config_http *http, bool sends_token);

/* Whether the request has the header Authorization: Bearer. authorize() checks the token. */
bool cross_site_sends_token(const struct fastcgi_request *request);

/* Returns false and sets *why if a request that needs encoding comes from a page that is not allowed. */
bool cross_site_may_encode(const struct fastcgi_request *request, const struct config_http *http, struct reason *why);

#endif
