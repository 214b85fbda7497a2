/* live_page.c - the page that a person gets at the address of the live picture. */
#include "fcgi/live/live_page.h"

#include <string.h>
#include <strings.h>

#include "fcgi/http/accept.h"
#include "fcgi/http/query.h"

#define STYLE   "ui/live.css"
#define AGAIN_S "5" /* after which a page without a picture looks for it again */

/* It needs its style sheet and the picture, and neither scripts nor forms. */
#define POLICY "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"

bool live_page_is_wanted(const struct fastcgi_request *request)
{
	const char *mode = fastcgi_param(request, "HTTP_SEC_FETCH_MODE");
	const char *accept = fastcgi_param(request, "HTTP_ACCEPT");

	if (*mode)
		return strcasecmp(mode, "navigate") == 0;
	unsigned page = accept_quality(accept, "text", "html");
	return page > accept_quality(accept, "multipart", "x-mixed-replace") &&
	       page > accept_quality(accept, "image", "jpeg");
}

static void append_text(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>&\"'", *text))
			buffer_printf(out, "&#%d;", *text);
		else
			buffer_u8(out, (uint8_t)*text);
	}
}

/* The parameters that the stream shares with this address, as they were given. They have been checked. */
static void append_stream_address(struct buffer *out, const char *query)
{
	static const char *const names[] = {"fps", "camera"};
	const char *separator = "?";

	buffer_printf(out, "stream");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char value[QUERY_VALUE_MAX];
		if (query_get(query, names[i], value, sizeof(value)) != QUERY_FOUND)
			continue;
		buffer_printf(out, "%s%s=", separator, names[i]);
		append_text(out, value);
		separator = "&amp;";
	}
}

static void append_body(struct buffer *out, const struct fastcgi_request *request, const struct live_options *options,
			const struct reason *why)
{
	const char *name = options->camera->camera.name;

	buffer_printf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			   "<meta name=\"color-scheme\" content=\"dark\">\n");
	if (why)
		buffer_printf(out, "<meta http-equiv=\"refresh\" content=\"" AGAIN_S "\">\n");
	buffer_printf(out, "<title>%s · Live · Recorder</title>\n", name);
	buffer_printf(out, "<link rel=\"icon\" href=\"ui/icon.svg\" type=\"image/svg+xml\">\n"
			   "<link rel=\"stylesheet\" href=\"" STYLE "\">\n</head>\n<body>\n");
	/* A page of another site can have this one in a frame; the recordings cannot be there. */
	buffer_printf(out, "<nav><a href=\"ui/%s%s\" target=\"_top\">Recordings and events</a></nav>\n",
		      options->camera_named ? "#camera=" : "", options->camera_named ? name : "");
	buffer_printf(out, "<main>");
	if (why) {
		buffer_printf(out, "<p>There is no live picture. ");
		append_text(out, why->text);
		buffer_printf(out, "</p>");
	} else {
		buffer_printf(out, "<img src=\"");
		append_stream_address(out, request->query);
		buffer_printf(out, "\" alt=\"Live picture of %s\">", name);
	}
	buffer_printf(out, "</main>\n</body>\n</html>\n");
}

void live_page_append(struct buffer *out, const struct fastcgi_request *request, const struct live_options *options,
		      const struct reason *why)
{
	struct buffer body = {0};

	append_body(&body, request, options, why);
	buffer_printf(out,
		      "Content-Type: text/html; charset=utf-8\r\n"
		      "Content-Length: %zu\r\n"
		      "Content-Security-Policy: " POLICY "\r\n"
		      "Referrer-Policy: no-referrer\r\n"
		      "Cache-Control: no-store\r\n" LIVE_PAGE_VARY "%s\r\n",
		      body.length, why ? "Retry-After: " AGAIN_S "\r\n" : "");
	if (!options->head_only)
		buffer_append(out, body.data, body.length);
	out->failed |= body.failed;
	buffer_free(&body);
}
