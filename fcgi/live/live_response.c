/* live_response.c - the short responses of recorder-live. */
#include "fcgi/live/live_response.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#include "fcgi/auth/site_headers.h"
#include "fcgi/feed/live_frame.h"
#include "fcgi/http/problem.h"
#include "fcgi/live/live_page.h"
#include "shared/text/time_text.h"

/*
 * Sends a whole response. `text` begins with the status line; the headers that all responses have are inserted
 * after it.
 */
static void respond(struct fastcgi_request *request, const struct config_http *http, int status,
		    const struct buffer *text)
{
	const uint8_t *line_end = text->failed ? NULL : memchr(text->data, '\n', text->length);
	size_t line = line_end ? (size_t)(line_end + 1 - text->data) : 0;
	struct buffer lines = {0}, out = {0};
	uint8_t end[FASTCGI_END_BYTES];

	buffer_append(&lines, text->data, line);
	site_headers_append(&lines, http, request, status);
	if (text->length > line)
		buffer_append(&lines, text->data + line, text->length - line);
	fastcgi_append(&out, lines.data, lines.length);
	fastcgi_end(end);
	buffer_append(&out, end, sizeof(end));
	/* It fits into the socket, unless the peer has gone: in either case the result does not matter. */
	if (line > 0 && !lines.failed && !out.failed)
		(void)send(request->fd, out.data, out.length, MSG_DONTWAIT | MSG_NOSIGNAL);
	buffer_free(&lines);
	buffer_free(&out);
	fastcgi_release(request);
}

void live_respond_problem(struct fastcgi_request *request, const struct config_http *http, int status,
			  const char *headers, const struct reason *why)
{
	bool head_only = strcmp(request->method, "HEAD") == 0;
	struct buffer text = {0};

	if (!headers)
		headers = status == 405                    ? "Allow: GET, HEAD\r\n"
			  : status == 503 || status == 429 ? "Retry-After: 2\r\n"
							   : NULL;
	problem_append(&text, status, headers, why->text, head_only);
	respond(request, http, status, &text);
	buffer_free(&text);
}

void live_respond_page(struct fastcgi_request *request, const struct config_http *http,
		       const struct live_options *options, const struct reason *why)
{
	int status = why ? 503 : 200;
	struct buffer text = {0};

	buffer_printf(&text, "Status: %d %s\r\n", status, why ? problem_title(status) : "OK");
	live_page_append(&text, request, options, why);
	respond(request, http, status, &text);
	buffer_free(&text);
}

void live_respond_preflight(struct fastcgi_request *request, const struct config_http *http)
{
	struct buffer text = {0};
	struct reason why;
	int status = site_headers_answer_preflight(http, request, &why);

	if (status != 204) {
		live_respond_problem(request, http, status, NULL, &why);
		return;
	}
	buffer_printf(&text, "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n");
	respond(request, http, status, &text);
	buffer_free(&text);
}

static void append_stream_lines(struct buffer *out, bool has_page)
{
	buffer_printf(out, "Content-Type: multipart/x-mixed-replace; boundary=" LIVE_BOUNDARY "\r\n"
			   "Cache-Control: no-store, no-transform\r\n"
			   "X-Accel-Buffering: no\r\n");
	buffer_printf(out, "%s\r\n", has_page ? LIVE_PAGE_VARY : "");
}

void live_response_append_stream(struct buffer *out, const struct fastcgi_request *request,
				 const struct config_http *http, bool has_page)
{
	buffer_printf(out, "Status: 200 OK\r\n");
	site_headers_append(out, http, request, 200);
	append_stream_lines(out, has_page);
}

static void append_frame_lines(struct buffer *out, const struct ring_frame *frame)
{
	char time[TIME_ISO_BYTES];

	time_format_iso((wall_t){frame->meta.wall_us}, time);
	buffer_printf(out,
		      "Content-Type: image/jpeg\r\n"
		      "Content-Length: %" PRIu32 "\r\n"
		      "Cache-Control: no-store, no-transform\r\n"
		      "Accept-Ranges: none\r\n"
		      "X-Timestamp: %s\r\n"
		      "\r\n",
		      frame->meta.length, time);
}

void live_response_append_frame(struct buffer *out, const struct fastcgi_request *request,
				const struct config_http *http, const struct ring_frame *frame)
{
	buffer_printf(out, "Status: 200 OK\r\n");
	site_headers_append(out, http, request, 200);
	append_frame_lines(out, frame);
}

const char *live_video_word(bool keyframes_only)
{
	return keyframes_only ? "keyframes" : "all";
}

static void append_video_lines(struct buffer *out, const struct video_frame *first, bool keyframes_only)
{
	char time[TIME_ISO_BYTES];

	time_format_iso_us((wall_t){first->wall_us}, time);
	buffer_printf(out,
		      "Content-Type: video/mp4; codecs=\"%s\"\r\n"
		      "Cache-Control: no-store\r\n"
		      "X-Accel-Buffering: no\r\n"
		      "X-Clip-Start: %s\r\n"
		      "X-Live-Video: %s\r\n"
		      "\r\n",
		      first->init->codecs, time, live_video_word(keyframes_only));
}

void live_response_append_video(struct buffer *out, const struct fastcgi_request *request,
				const struct config_http *http, const struct video_frame *first, bool keyframes_only)
{
	buffer_printf(out, "Status: 200 OK\r\n");
	site_headers_append(out, http, request, 200);
	append_video_lines(out, first, keyframes_only);
}

#define PLAYLIST_TYPE "Content-Type: application/vnd.apple.mpegurl\r\nCache-Control: no-cache\r\n"

void live_response_append_playlist(struct buffer *out, const struct fastcgi_request *request,
				   const struct config_http *http, size_t bytes)
{
	buffer_printf(out, "Status: 200 OK\r\n");
	site_headers_append(out, http, request, 200);
	buffer_printf(out, PLAYLIST_TYPE "Content-Length: %zu\r\n\r\n", bytes);
}

void live_respond_playlist_head(struct fastcgi_request *request, const struct config_http *http)
{
	struct buffer text = {0};

	buffer_printf(&text, "Status: 200 OK\r\n" PLAYLIST_TYPE "\r\n");
	respond(request, http, 200, &text);
	buffer_free(&text);
}

#define EVENTS_TYPE                                                                                                    \
	"Content-Type: text/event-stream\r\nCache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\n\r\n"

void live_response_append_events(struct buffer *out, const struct fastcgi_request *request,
				 const struct config_http *http)
{
	buffer_printf(out, "Status: 200 OK\r\n");
	site_headers_append(out, http, request, 200);
	buffer_printf(out, EVENTS_TYPE);
}

void live_respond_events_head(struct fastcgi_request *request, const struct config_http *http)
{
	struct buffer text = {0};

	buffer_printf(&text, "Status: 200 OK\r\n" EVENTS_TYPE);
	respond(request, http, 200, &text);
	buffer_free(&text);
}

/* Pieces have the same bytes for as long as they exist, but numbers begin again with recorder-live. */
void live_response_append_piece(struct buffer *out, const struct fastcgi_request *request,
				const struct config_http *http, size_t bytes)
{
	buffer_printf(out, "Status: 200 OK\r\n");
	site_headers_append(out, http, request, 200);
	buffer_printf(out, "Content-Type: video/mp4\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n\r\n", bytes);
}

void live_respond_video_head(struct fastcgi_request *request, const struct config_http *http,
			     const struct video_frame *first, bool keyframes_only)
{
	struct buffer text = {0};

	buffer_printf(&text, "Status: 200 OK\r\n");
	append_video_lines(&text, first, keyframes_only);
	respond(request, http, 200, &text);
	buffer_free(&text);
}

void live_respond_head(struct fastcgi_request *request, const struct config_http *http,
		       const struct live_options *options, const struct ring_frame *frame)
{
	struct buffer text = {0};

	buffer_printf(&text, "Status: 200 OK\r\n");
	if (frame)
		append_frame_lines(&text, frame);
	else
		append_stream_lines(&text, options->has_page);
	respond(request, http, 200, &text);
	buffer_free(&text);
}
