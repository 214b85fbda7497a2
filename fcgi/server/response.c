/*
 * response.c - CGI answers (RFC 3875, section 6): see response.h.
 */
#include "fcgi/server/response.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/auth/cross_site.h"
#include "fcgi/auth/site_headers.h"
#include "fcgi/http/problem.h"
#include "fcgi/http/range.h"
#include "shared/base/log.h"
#include "shared/segment/retention.h"

/* What leaves the worker in one write; more than that waits for the client: a file as a download, memory as it is. */
#define SHORT_BODY_MAX (32u << 10)

#define LIFE_MAX_S 3600 /* how long a client may keep an answer without asking */

/* Before the camera is known, the first one's configuration counts. */
static const struct config_http *http_of(const struct api_request *request)
{
	return &(request->camera ? request->camera : request->cameras)->config->http;
}

/* The whole answer in memory: its status line, the lines that every answer has, its own headers and a short body. */
static void head_set(struct api_request *request, int status, const struct buffer *cgi)
{
	const uint8_t *line_end = cgi->failed ? NULL : memchr(cgi->data, '\n', cgi->length);
	size_t line = line_end ? (size_t)(line_end + 1 - cgi->data) : 0;
	struct buffer start = {0};

	atomic_fetch_add(&api_shared(request)->answers[status / 100], 1);
	buffer_append(&start, cgi->data, line);
	site_headers_append(&start, http_of(request), request->fcgi, status);
	fastcgi_append(&request->out.head, start.data, start.length);
	if (cgi->length > line)
		fastcgi_append(&request->out.head, cgi->data + line, cgi->length - line);
	if (cgi->failed || start.failed || request->out.head.failed)
		log_error("api", "no memory for an answer");
	buffer_free(&start);
}

void respond_problem(struct api_request *request, int status, const char *headers, const char *format, ...)
{
	char detail[1024];
	struct buffer cgi = {0};
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	problem_append(&cgi, status, headers, detail, request->head_only);
	head_set(request, status, &cgi);
	buffer_free(&cgi);
}

void respond_failure(struct api_request *request, const char *what)
{
	log_error("api", "%s %s: %s failed", request->fcgi->method, request->fcgi->path, what);
	respond_problem(request, 500, NULL, "The server could not do this: %s failed.", what);
}

static void folder_unreadable(struct api_request *request, const char *folder, const char *things, int error)
{
	const char *what = error == EBADMSG  ? "their list is damaged, until recorderd makes it anew as it starts"
			   : error == ENODEV ? "their disk is not mounted (require_mount)"
			   : error == EXDEV
				   ? "the recorder has them in another folder than there is now, because something was "
				     "mounted, unmounted or removed; it follows as soon as it can"
				   : strerror(error);

	if (error != ENODEV && error != EXDEV) /* the recorder has said it, once */
		log_error("api", "%s: the %s cannot be read: %s", folder, things, what);
	respond_problem(request, 503, "Retry-After: 10\r\n", "The %s cannot be read: %s.", things, what);
}

void respond_unreadable(struct api_request *request, int error)
{
	folder_unreadable(request, request->camera->config->record.directory, "recordings", error);
}

void respond_clips_unreadable(struct api_request *request, int error)
{
	folder_unreadable(request, request->camera->config->clips.directory, "kept clips", error);
}

void respond_unavailable(struct api_request *request, int retry_s, const char *sentence)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Retry-After: %d\r\n", retry_s);
	respond_problem(request, 503, headers, "%s", sentence);
}

void respond_no_permit(struct api_request *request, int retry_s, const char *sentence)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Retry-After: %d\r\n", retry_s);
	if (request->taken.must_wait) {
		respond_problem(request, 429, headers,
				"Another address waits for this, and yours had it last (http.address_share). Try again "
				"soon.");
		return;
	}
	if (!request->taken.share_exceeded) {
		respond_unavailable(request, retry_s, sentence);
		return;
	}
	respond_problem(request, 429, headers,
			"Your address has as much under way as a single one may have: %d %% (http.address_share). Try "
			"again soon; a proxy that many share belongs into http.proxies.",
			request->camera->config->http.address_share);
}

static const char *status_text(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 204:
		return "No Content";
	case 206:
		return "Partial Content";
	case 304:
		return "Not Modified";
	default:
		return problem_title(status);
	}
}

static void begin(struct buffer *cgi, int status, const char *type, uint64_t length)
{
	buffer_printf(cgi, "Status: %d %s\r\n", status, status_text(status));
	buffer_printf(cgi, "Content-Type: %s\r\nContent-Length: %" PRIu64 "\r\n", type, length);
}

void respond_bytes(struct api_request *request, int status, const char *type, const char *headers, const void *data,
		   size_t length)
{
	struct buffer cgi = {0};

	if (!request->head_only && length > SHORT_BODY_MAX && !api_reserve_memory(request, length)) {
		respond_no_permit(request, 2,
				  "Too many answers wait for clients that are slow to take them; try again soon.");
		return;
	}
	begin(&cgi, status, type, length);
	buffer_printf(&cgi, "%s\r\n", headers ? headers : "Cache-Control: no-store\r\n");
	if (!request->head_only)
		buffer_append(&cgi, data, length);
	head_set(request, status, &cgi);
	buffer_free(&cgi);
}

void respond_preflight(struct api_request *request)
{
	struct buffer cgi = {0};
	struct reason why;
	int status = site_headers_answer_preflight(http_of(request), request->fcgi, &why);

	if (status != 204) {
		respond_problem(request, status, NULL, "%s", why.text);
		return;
	}
	/* No Content-Length: RFC 9110, section 8.6. */
	buffer_printf(&cgi, "Status: %d %s\r\nCache-Control: no-store\r\n\r\n", status, status_text(status));
	head_set(request, status, &cgi);
	buffer_free(&cgi);
}

bool require_encoding_allowed(struct api_request *request)
{
	struct reason why;

	if (cross_site_may_encode(request->fcgi, http_of(request), &why))
		return true;
	respond_problem(request, 403, NULL, "%s", why.text);
	return false;
}

void respond_json(struct api_request *request, int status, const char *headers, struct json_object *json)
{
	size_t length;
	const char *text;

	text = json ? json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
							&length)
		    : NULL;
	if (text)
		respond_bytes(request, status, "application/json", headers, text, length);
	else
		respond_failure(request, "memory");
	json_object_put(json);
}

void response_cache_control(const struct api_request *request, int64_t from_us, char out[RESPONSE_CACHE_BYTES])
{
	int64_t left_us = retention_remaining_us(request->camera->config->retention.hours, from_us, wall_now().us);

	if (left_us < US_PER_S)
		snprintf(out, RESPONSE_CACHE_BYTES, "private, no-cache");
	else
		snprintf(out, RESPONSE_CACHE_BYTES, "private, max-age=%d",
			 left_us / US_PER_S < LIFE_MAX_S ? (int)(left_us / US_PER_S) : LIFE_MAX_S);
}

/* Header lines that 200, 206 and 304 share. */
static void file_headers(struct buffer *cgi, const struct file_response *answer)
{
	buffer_printf(cgi, "ETag: %s\r\nAccept-Ranges: bytes\r\n", answer->etag);
	buffer_printf(cgi, "Cache-Control: %s\r\n%s", answer->cache, answer->headers ? answer->headers : "");
}

static void respond_not_modified(struct api_request *request, const struct file_response *answer)
{
	struct buffer cgi = {0};

	buffer_printf(&cgi, "Status: 304 Not Modified\r\n");
	file_headers(&cgi, answer);
	buffer_printf(&cgi, "\r\n");
	head_set(request, 304, &cgi);
	buffer_free(&cgi);
	virtual_file_unref(answer->file);
}

static void respond_range_not_satisfiable(struct api_request *request, const struct file_response *answer,
					  const char *sentence)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Content-Range: bytes */%" PRIu64 "\r\n", virtual_file_size(answer->file));
	virtual_file_unref(answer->file);
	respond_problem(request, 416, headers, "%s", sentence);
}

static void send_part(struct api_request *request, const struct file_response *answer, int status, uint64_t first,
		      uint64_t end)
{
	struct buffer cgi = {0};

	begin(&cgi, status, answer->type, end - first);
	if (status == 206)
		buffer_printf(&cgi, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", first, end - 1,
			      virtual_file_size(answer->file));
	file_headers(&cgi, answer);
	buffer_printf(&cgi, "\r\n");
	head_set(request, status, &cgi);
	buffer_free(&cgi);
	if (request->head_only) {
		virtual_file_unref(answer->file);
		return;
	}
	request->out.file = answer->file;
	request->out.first = first;
	request->out.end = end;
}

/*
 * The conditions, in the order of RFC 9110, section 13.2.2; true where one of them was the answer. Those of dates count
 * for nothing, since no answer has a Last-Modified (sections 13.1.3 and 13.1.4).
 */
static bool respond_by_conditions(struct api_request *request, const struct file_response *answer)
{
	if (!range_if_match_holds(fastcgi_param(request->fcgi, "HTTP_IF_MATCH"), answer->etag)) {
		virtual_file_unref(answer->file);
		respond_problem(request, 412, NULL, "If-Match names another file than the one that is here now.");
		return true;
	}
	if (range_etag_matches(fastcgi_param(request->fcgi, "HTTP_IF_NONE_MATCH"), answer->etag)) {
		respond_not_modified(request, answer);
		return true;
	}
	return false;
}

void respond_file(struct api_request *request, const struct file_response *answer)
{
	uint64_t first = 0, end = virtual_file_size(answer->file);
	enum range_outcome range = RANGE_WHOLE;
	const char *if_range = fastcgi_param(request->fcgi, "HTTP_IF_RANGE");

	if (respond_by_conditions(request, answer))
		return;
	/* Of a HEAD there is no part (section 14.2). */
	if (!request->head_only && range_if_range_holds(if_range, answer->etag))
		range = range_parse(fastcgi_param(request->fcgi, "HTTP_RANGE"), end, &first, &end);
	if (range == RANGE_UNSATISFIABLE) {
		respond_range_not_satisfiable(
			request, answer,
			"The range begins behind the end of the file; Content-Range says how long it is.");
		return;
	}
	if (range == RANGE_PART && answer->moving && first > 0 && *if_range == '\0') {
		respond_range_not_satisfiable(
			request, answer,
			"This range of time moves, so a part of it may not fit what you have: ask with the "
			"If-Range of the first answer, or, once all of it is recorded, for the absolute times in "
			"its Content-Location.");
		return;
	}
	if (!request->head_only && end - first > SHORT_BODY_MAX && !api_acquire(request, API_PERMIT_DOWNLOAD)) {
		virtual_file_unref(answer->file);
		respond_no_permit(request, 5,
				  "All places for downloads are taken (http.max_downloads); try again soon.");
		return;
	}
	send_part(request, answer, range == RANGE_PART ? 206 : 200, first, end);
}
