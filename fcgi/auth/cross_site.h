/*
 * cross_site.h - whether a page of another site has its visitor's browser send a request (Fetch Metadata; RFC 6454;
 * RFC 9110, section 10.1.3), and which pages the configuration lets in (http.allow_origin).
 *
 * Pages cannot set the three headers that tell it. Browsers send Sec-Fetch-Site over TLS and to localhost alone, Origin
 * with what is not a plain GET, and Referer unless the page forbids it. Scripts send none of them.
 */
#ifndef FCGI_AUTH_CROSS_SITE_H
#define FCGI_AUTH_CROSS_SITE_H

#include <stdbool.h>

#include "fcgi/io/fastcgi.h"
#include "shared/config/config.h"
#include "shared/net/origin.h"

/* As they came, "" where they did not. One that came twice stands there as CROSS_SITE_REPEATED, which is no value of any.
 */
struct cross_site {
	const char *site;    /* Sec-Fetch-Site */
	const char *origin;  /* Origin */
	const char *referer; /* Referer */
	const char *host;    /* Host */
};

#define CROSS_SITE_REPEATED ","

void cross_site_read(const struct fastcgi_request *request, struct cross_site *out);

/* The first of the headers that is there decides. What cannot be understood is of another site. Pure, as those below.
 */
bool cross_site_is_foreign(const struct cross_site *from);

/* True where any of them says so: for what changes something. */
bool cross_site_is_suspect(const struct cross_site *from);

/* Whether it is a request of the Fetch standard's mode "cors" from elsewhere: its page reads the answer. */
bool cross_site_is_cors(const struct cross_site *from);

/* The page's origin by Origin, else by Referer; false where neither names one. */
bool cross_site_page_origin(const struct cross_site *from, struct origin *out);

/*
 * Whether http.allow_origin lets in the page with that Origin, or in the second one the page of that Origin or Referer.
 * `*` takes those alone that send a token: others could watch the camera of whoever visits them.
 */
bool cross_site_may_read(const struct cross_site *from, const struct config_http *http, bool sends_token);
bool cross_site_is_allowed(const struct cross_site *from, const struct config_http *http, bool sends_token);

/* Whether the request has the header Authorization: Bearer. Whether its token is good, authorize() judges. */
bool cross_site_sends_token(const struct fastcgi_request *request);

/* False with a sentence: a request that costs an encoding comes from a page that is not let in. */
bool cross_site_may_encode(const struct fastcgi_request *request, const struct config_http *http, struct reason *why);

#endif
