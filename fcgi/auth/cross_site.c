/* cross_site.c - whether a page of another site made a browser send a request. */
#include "fcgi/auth/cross_site.h"

#include <string.h>
#include <strings.h>

#define SHOWN 100 /* bytes of a header that a message quotes */

/* Browsers send each of them once. Of two, this program and a proxy might each believe a different one. */
static const char *read_single(const struct fastcgi_request *request, const char *name)
{
	const size_t length = strlen(name);
	const char *found = NULL;

	for (char **entry = request->fcgx.envp; entry && *entry; entry++) {
		if (strncmp(*entry, name, length) != 0 || (*entry)[length] != '=')
			continue;
		if (found)
			return CROSS_SITE_REPEATED;
		found = *entry + length + 1;
	}
	return found ? found : "";
}

void cross_site_read(const struct fastcgi_request *request, struct cross_site *out)
{
	*out = (struct cross_site){
		.site = read_single(request, "HTTP_SEC_FETCH_SITE"),
		.origin = read_single(request, "HTTP_ORIGIN"),
		.referer = read_single(request, "HTTP_REFERER"),
		.host = read_single(request, "HTTP_HOST"),
	};
}

/* "none" means that the user, not a page, made the request. */
static bool site_is_foreign(const char *site)
{
	return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
}

static bool origin_is_foreign(const char *header, const char *host)
{
	struct origin origin;

	return !origin_parse(header, &origin) || !origin_matches_host(&origin, host);
}

static bool referer_is_foreign(const char *header, const char *host)
{
	struct origin origin;

	return !origin_parse_url(header, &origin) || !origin_matches_host(&origin, host);
}

bool cross_site_is_foreign(const struct cross_site *from)
{
	if (*from->site)
		return site_is_foreign(from->site);
	if (*from->origin)
		return origin_is_foreign(from->origin, from->host);
	return *from->referer && referer_is_foreign(from->referer, from->host);
}

bool cross_site_is_suspect(const struct cross_site *from)
{
	return (*from->site && site_is_foreign(from->site)) ||
	       (*from->origin && origin_is_foreign(from->origin, from->host)) ||
	       (*from->referer && referer_is_foreign(from->referer, from->host));
}

bool cross_site_is_cors(const struct cross_site *from)
{
	return *from->origin && origin_is_foreign(from->origin, from->host);
}

bool cross_site_page_origin(const struct cross_site *from, struct origin *out)
{
	return *from->origin ? origin_parse(from->origin, out) : origin_parse_url(from->referer, out);
}

bool cross_site_may_read(const struct cross_site *from, const struct config_http *http, bool sends_token)
{
	struct origin origin;

	if (!*from->origin || !*http->allow_origin)
		return false;
	if (origin_list_is_any(http->allow_origin))
		return sends_token;
	return origin_parse(from->origin, &origin) && origin_list_contains(http->allow_origin, &origin);
}

bool cross_site_is_allowed(const struct cross_site *from, const struct config_http *http, bool sends_token)
{
	struct origin origin;

	if (origin_list_is_any(http->allow_origin))
		return sends_token;
	return *http->allow_origin && cross_site_page_origin(from, &origin) &&
	       origin_list_contains(http->allow_origin, &origin);
}

bool cross_site_sends_token(const struct fastcgi_request *request)
{
	return strncasecmp(fastcgi_param(request, "HTTP_AUTHORIZATION"), "Bearer ", strlen("Bearer ")) == 0;
}

/* Length of the beginning of an address, which names the site. */
static int shown_length(const char *page)
{
	const char *host = strstr(page, "://");
	size_t length = host ? (size_t)(host + 3 - page) + strcspn(host + 3, "/?#") : strlen(page);

	return length < SHOWN ? (int)length : SHOWN;
}

bool cross_site_may_encode(const struct fastcgi_request *request, const struct config_http *http, struct reason *why)
{
	struct cross_site from;

	cross_site_read(request, &from);
	if (!cross_site_is_foreign(&from) || cross_site_is_allowed(&from, http, cross_site_sends_token(request)))
		return true;
	const char *page = *from.origin ? from.origin : from.referer;
	return reason_set(why,
			  "This needs encoding, which pages of other sites may request only if http.allow_origin "
			  "lists them%s%.*s.",
			  *page ? "; this page is from " : "", shown_length(page), page);
}
