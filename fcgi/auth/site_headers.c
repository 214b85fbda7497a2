/* site_headers.c - response headers that tell browsers what pages of other sites may do. */
#include "fcgi/auth/site_headers.h"

#include <string.h>

#include "fcgi/auth/cross_site.h"
#include "fcgi/http/query.h"

#define PREFLIGHT_S "600" /* how long a browser may cache the response */

/* Response headers that pages may read besides those that they always may. */
#define EXPOSED                                                                                                        \
	"X-Clip-Source, X-Clip-Spans, X-Clip-Start, X-Clip-Unknown, X-Live-Video, X-Timestamp, Content-Range, ETag, "  \
	"Retry-After"

static bool is_reading_method(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool has_param(const struct fastcgi_request *request, const char *name)
{
	char unused[1];

	return query_get(request->query, name, unused, sizeof(unused)) != QUERY_ABSENT;
}

/* The current picture, as dashboards embed it: the stream, or a snapshot that needs no encoding. */
static bool is_embedded(const struct fastcgi_request *request)
{
	static const char *const streams[] = {"/", "/stream", "/stream.mjpg", "/video"};

	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++)
		if (strcmp(request->path, streams[i]) == 0)
			return true;
	return (strcmp(request->path, "/snapshot") == 0 || strcmp(request->path, "/snapshot.jpg") == 0) &&
	       !has_param(request, "at") && !has_param(request, "width");
}

/*
 * A page that may read a response may also embed it. For a picture or a video without the attribute crossorigin, the
 * browser uses mode "no-cors" and sends no Origin; without this header it would keep the response from the page.
 */
static void append_policy(struct buffer *out, const struct cross_site *from, const struct config_http *http,
			  const struct fastcgi_request *request, int status)
{
	bool embedded = status < 400 && is_embedded(request);
	bool allowed = is_reading_method(request->method) &&
		       cross_site_is_allowed(from, http, cross_site_sends_token(request));

	buffer_printf(out, "Cross-Origin-Resource-Policy: %s\r\n",
		      embedded || allowed ? "cross-origin" : "same-origin");
	if (*http->allow_origin)
		buffer_printf(out, "Vary: Origin%s\r\n", embedded ? "" : ", Referer");
}

/*
 * Content-Security-Policy Level 3, section 6.4.2 (frame-ancestors). A page that may embed the picture may also have its
 * address in a frame. The list may have commas, which separate policies in the header.
 */
static void append_frame_ancestors(struct buffer *out, const struct config_http *http,
				   const struct fastcgi_request *request)
{
	if (is_embedded(request))
		return;
	buffer_printf(out, "Content-Security-Policy: frame-ancestors ");
	for (const char *at = http->frame_ancestors; *at; at++)
		buffer_u8(out, *at == ',' ? ' ' : (uint8_t)*at);
	buffer_printf(out, "%s\r\n", *http->frame_ancestors ? "" : "'none'");
}

static void append_cors(struct buffer *out, const struct cross_site *from, const struct config_http *http, bool expose)
{
	buffer_printf(out, "Access-Control-Allow-Origin: %s\r\n",
		      origin_list_is_any(http->allow_origin) ? "*" : from->origin);
	if (expose)
		buffer_printf(out, "Access-Control-Expose-Headers: " EXPOSED "\r\n");
	else
		buffer_printf(out, "Access-Control-Allow-Methods: GET, HEAD\r\n"
				   "Access-Control-Allow-Headers: Authorization, Range, If-Range, Last-Event-ID\r\n"
				   "Access-Control-Max-Age: " PREFLIGHT_S "\r\n");
}

void site_headers_append(struct buffer *out, const struct config_http *http, const struct fastcgi_request *request,
			 int status)
{
	struct cross_site from;

	cross_site_read(request, &from);
	buffer_printf(out, "X-Content-Type-Options: nosniff\r\n");
	append_policy(out, &from, http, request, status);
	append_frame_ancestors(out, http, request);
	if (is_reading_method(request->method) && cross_site_may_read(&from, http, cross_site_sends_token(request)))
		append_cors(out, &from, http, true);
	else if (status == 204 && site_headers_is_preflight(request))
		append_cors(out, &from, http, false);
}

bool site_headers_is_preflight(const struct fastcgi_request *request)
{
	return strcmp(request->method, "OPTIONS") == 0 && *fastcgi_param(request, "HTTP_ORIGIN") &&
	       *fastcgi_param(request, "HTTP_ACCESS_CONTROL_REQUEST_METHOD");
}

/* Browsers allow POST whatever methods the response lists, so its preflight has to be refused. */
int site_headers_answer_preflight(const struct config_http *http, const struct fastcgi_request *request,
				  struct reason *why)
{
	struct cross_site from;

	cross_site_read(request, &from);
	if (!is_reading_method(fastcgi_param(request, "HTTP_ACCESS_CONTROL_REQUEST_METHOD"))) {
		reason_set(why, "Pages of other sites may read if http.allow_origin lists them, but never change "
				"anything.");
		return 403;
	}
	/* The token comes with the request itself. */
	if (cross_site_may_read(&from, http, true))
		return 204;
	reason_set(why, "Pages from %.100s may not read: http.allow_origin does not list them.", from.origin);
	return 403;
}
