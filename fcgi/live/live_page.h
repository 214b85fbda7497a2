/*
 * live_page.h - what a person gets who opens the address of the live picture in a browser: a small page that has the
 * picture in it, and a way to the recordings. Programs, and the <img> of a page, get the picture itself.
 *
 * A navigation says so in Sec-Fetch-Mode (Fetch Metadata Request Headers, W3C). Browsers send that header only over TLS
 * and to their own machine; without it, the page is for those who prefer text/html to pictures (accept.h). A response
 * that was chosen like this names both headers in Vary.
 */
#ifndef FCGI_LIVE_LIVE_PAGE_H
#define FCGI_LIVE_LIVE_PAGE_H

#include <stdbool.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/live/live_request.h"
#include "shared/base/reason.h"

/* The header of responses of which the page is the alternative. */
#define LIVE_PAGE_VARY "Vary: Accept, Sec-Fetch-Mode\r\n"

bool live_page_is_wanted(const struct fastcgi_request *request);

/*
 * Appends the headers, from Content-Type to the empty line, and the page unless the request is a HEAD. why: there is no
 * picture, for that reason, which the page says instead; or NULL.
 */
void live_page_append(struct buffer *out, const struct fastcgi_request *request, const struct live_options *options,
		      const struct reason *why);

#endif
