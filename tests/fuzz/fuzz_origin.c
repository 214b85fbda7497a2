/*
 * fuzz_origin.c - headers about the requesting page, and http.allow_origin.
 *
 * An origin that is read is the same when it is written again, and is harmless in a header. A page that is not listed
 * is never allowed. Input: the list and the headers Origin, Referer, Sec-Fetch-Site and Host, separated by NUL.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/auth/cross_site.h"

static void check_origin(const char *text)
{
	struct origin origin, again;
	char written[ORIGIN_SCHEME_BYTES + ORIGIN_HOST_BYTES + 16];

	if (!origin_parse(text, &origin))
		return;
	holds(origin_parse_url(text, &again) && origin_equal(&origin, &again));
	holds(origin.scheme[0] != '\0' && origin.host[0] != '\0' && origin.port <= 65535);
	for (const char *at = text; *at; at++)
		holds(*at > ' ' && *at < 0x7f && *at != ',');
	snprintf(written, sizeof(written), "%s://%s", origin.scheme, origin.host);
	if (origin.port > 0)
		sprintf(written + strlen(written), ":%u", origin.port);
	holds(origin_parse(written, &again) && origin_equal(&origin, &again));
	holds(origin_list_valid(written, sizeof(written)) && origin_list_contains(written, &origin));
}

static void check_list(const struct cross_site *from, const char *list)
{
	static struct config_http http;
	struct origin page;

	if (!origin_list_valid(list, sizeof(http.allow_origin)))
		return;
	snprintf(http.allow_origin, sizeof(http.allow_origin), "%s", list);
	bool any = origin_list_is_any(list);
	bool reads = cross_site_may_read(from, &http, false), allowed = cross_site_is_allowed(from, &http, false);

	holds(!any || (!reads && !allowed && cross_site_is_allowed(from, &http, true)));
	holds(!reads || (allowed && origin_parse(from->origin, &page)));
	holds(!allowed || (cross_site_page_origin(from, &page) && origin_list_contains(list, &page)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *list = input_text(&input), *origin = input_text(&input), *referer = input_text(&input);
	char *site = input_text(&input), *host = input_text(&input);
	const struct cross_site from = {.site = site, .origin = origin, .referer = referer, .host = host};

	check_origin(origin);
	check_list(&from, list);
	holds(!cross_site_is_foreign(&from) || cross_site_is_suspect(&from));
	holds(!cross_site_is_cors(&from) || cross_site_is_suspect(&from));
	free(list);
	free(origin);
	free(referer);
	free(site);
	free(host);
	return 0;
}
