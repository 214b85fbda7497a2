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
static void lead_set(struct api_request *request, int status, const struct buffer *cgi)
{
	const uint8_t *line_end = cgi->failed ? NULL : memchr(cgi->data, '\n', cgi->length);
	size_t line = line_end ? (size_t)(line_end + 1 - cgi->data) : 0;
	struct buffer start = {0};

	atomic_fetch_add(&api_shared(request)->answers[status / 100], 1);
	buffer_append(&start, cgi->data, line);
	site_headers_append(&start, http_of(request), request->fcgi, status);
	fastcgi_append(&request->out.lead, start.data, start.length);
	if (cgi->length > line)
		fastcgi_append(&request->out.lead, cgi->data + line, cgi->length - line);
	if (cgi->failed || start.failed || request->out.lead.failed)
		log_error("api", "no memory for an answer");
	buffer_finish(&start);
}

void answer_problem(struct api_request *request, int status, const char *headers, const char *format, ...)
{
	char detail[1024];
	struct buffer cgi = {0};
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);
	problem_append(&cgi, status, headers, detail, request->head_only);
	lead_set(request, status, &cgi);
	buffer_finish(&cgi);
}

void answer_failure(struct api_request *request, const char *what)
{
	log_error("api", "%s %s: %s failed", request->fcgi->method, request->fcgi->path, what);
	answer_problem(request, 500, NULL, "The server could not do this: %s failed.", what);
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
	answer_problem(request, 503, "Retry-After: 10\r\n", "The %s cannot be read: %s.", things, what);
}

void answer_unreadable(struct api_request *request, int error)
{
	folder_unreadable(request, request->camera->config->record.directory, "recordings", error);
}

void answer_clips_unreadable(struct api_request *request, int error)
{
	folder_unreadable(request, request->camera->config->clips.directory, "kept clips", error);
}

void answer_busy(struct api_request *request, int retry_s, const char *sentence)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Retry-After: %d\r\n", retry_s);
	answer_problem(request, 503, headers, "%s", sentence);
}

void answer_no_place(struct api_request *request, int retry_s, const char *sentence)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Retry-After: %d\r\n", retry_s);
	if (request->taken.turn_is_over) {
		answer_problem(request, 429, headers,
			       "Another address waits for this, and yours had it last (http.address_share). Try again "
			       "soon.");
		return;
	}
	if (!request->taken.share_used_up) {
		answer_busy(request, retry_s, sentence);
		return;
	}
	answer_problem(request, 429, headers,
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

void answer_bytes(struct api_request *request, int status, const char *type, const char *headers, const void *data,
		  size_t length)
{
	struct buffer cgi = {0};

	if (!request->head_only && length > SHORT_BODY_MAX && !api_hold_begin(request, length)) {
		answer_no_place(request, 2,
				"Too many answers wait for clients that are slow to take them; try again soon.");
		return;
	}
	begin(&cgi, status, type, length);
	buffer_printf(&cgi, "%s\r\n", headers ? headers : "Cache-Control: no-store\r\n");
	if (!request->head_only)
		buffer_append(&cgi, data, length);
	lead_set(request, status, &cgi);
	buffer_finish(&cgi);
}

void answer_preflight(struct api_request *request)
{
	struct buffer cgi = {0};
	struct reason why;
	int status = preflight_judge(http_of(request), request->fcgi, &why);

	if (status != 204) {
		answer_problem(request, status, NULL, "%s", why.text);
		return;
	}
	/* No Content-Length: RFC 9110, section 8.6. */
	buffer_printf(&cgi, "Status: %d %s\r\nCache-Control: no-store\r\n\r\n", status, status_text(status));
	lead_set(request, status, &cgi);
	buffer_finish(&cgi);
}

bool answer_may_encode(struct api_request *request)
{
	struct reason why;

	if (cross_site_may_encode(request->fcgi, http_of(request), &why))
		return true;
	answer_problem(request, 403, NULL, "%s", why.text);
	return false;
}

void answer_json(struct api_request *request, int status, const char *headers, struct json_object *json)
{
	size_t length;
	const char *text;

	text = json ? json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
							&length)
		    : NULL;
	if (text)
		answer_bytes(request, status, "application/json", headers, text, length);
	else
		answer_failure(request, "memory");
	json_object_put(json);
}

void answer_cache_life(const struct api_request *request, int64_t from_us, char out[ANSWER_CACHE_BYTES])
{
	int64_t left_us = retention_left_us(request->camera->config->retention.hours, from_us, wall_now().us);

	if (left_us < US_PER_S)
		snprintf(out, ANSWER_CACHE_BYTES, "private, no-cache");
	else
		snprintf(out, ANSWER_CACHE_BYTES, "private, max-age=%d",
			 left_us / US_PER_S < LIFE_MAX_S ? (int)(left_us / US_PER_S) : LIFE_MAX_S);
}

/* Header lines that 200, 206 and 304 share. */
static void file_headers(struct buffer *cgi, const struct answer_file *answer)
{
	buffer_printf(cgi, "ETag: %s\r\nAccept-Ranges: bytes\r\n", answer->etag);
	buffer_printf(cgi, "Cache-Control: %s\r\n%s", answer->cache, answer->headers ? answer->headers : "");
}

static void answer_unchanged(struct api_request *request, const struct answer_file *answer)
{
	struct buffer cgi = {0};

	buffer_printf(&cgi, "Status: 304 Not Modified\r\n");
	file_headers(&cgi, answer);
	buffer_printf(&cgi, "\r\n");
	lead_set(request, 304, &cgi);
	buffer_finish(&cgi);
	vfile_destroy(answer->file);
}

static void answer_beyond(struct api_request *request, const struct answer_file *answer, const char *sentence)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Content-Range: bytes */%" PRIu64 "\r\n", vfile_size(answer->file));
	vfile_destroy(answer->file);
	answer_problem(request, 416, headers, "%s", sentence);
}

static void send_part(struct api_request *request, const struct answer_file *answer, int status, uint64_t first,
		      uint64_t end)
{
	struct buffer cgi = {0};

	begin(&cgi, status, answer->type, end - first);
	if (status == 206)
		buffer_printf(&cgi, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", first, end - 1,
			      vfile_size(answer->file));
	file_headers(&cgi, answer);
	buffer_printf(&cgi, "\r\n");
	lead_set(request, status, &cgi);
	buffer_finish(&cgi);
	if (request->head_only) {
		vfile_destroy(answer->file);
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
static bool conditions_answer(struct api_request *request, const struct answer_file *answer)
{
	if (!range_if_match_holds(fastcgi_param(request->fcgi, "HTTP_IF_MATCH"), answer->etag)) {
		vfile_destroy(answer->file);
		answer_problem(request, 412, NULL, "If-Match names another file than the one that is here now.");
		return true;
	}
	if (range_etag_listed(fastcgi_param(request->fcgi, "HTTP_IF_NONE_MATCH"), answer->etag)) {
		answer_unchanged(request, answer);
		return true;
	}
	return false;
}

void answer_file(struct api_request *request, const struct answer_file *answer)
{
	uint64_t first = 0, end = vfile_size(answer->file);
	enum range_outcome range = RANGE_WHOLE;
	const char *if_range = fastcgi_param(request->fcgi, "HTTP_IF_RANGE");

	if (conditions_answer(request, answer))
		return;
	/* Of a HEAD there is no part (section 14.2). */
	if (!request->head_only && range_if_range_holds(if_range, answer->etag))
		range = range_parse(fastcgi_param(request->fcgi, "HTTP_RANGE"), end, &first, &end);
	if (range == RANGE_BEYOND) {
		answer_beyond(request, answer,
			      "The range begins behind the end of the file; Content-Range says how long it is.");
		return;
	}
	if (range == RANGE_PART && answer->moving && first > 0 && *if_range == '\0') {
		answer_beyond(request, answer,
			      "This range of time moves, so a part of it may not fit what you have: ask with the "
			      "If-Range of the first answer, or, once all of it is recorded, for the absolute times in "
			      "its Content-Location.");
		return;
	}
	if (!request->head_only && end - first > SHORT_BODY_MAX && !api_place_begin(request, API_DOWNLOAD)) {
		vfile_destroy(answer->file);
		answer_no_place(request, 5, "All places for downloads are taken (http.max_downloads); try again soon.");
		return;
	}
	send_part(request, answer, range == RANGE_PART ? 206 : 200, first, end);
}
