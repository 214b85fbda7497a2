/* response.c - CGI responses (RFC 3875, section 6). */
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
#include "fcgi/io/job.h"
#include "fcgi/server/worker_internal.h"
#include "shared/base/log.h"
#include "shared/segment/retention.h"

/*
 * Bodies up to this size leave in one write. Larger ones wait for the client, so they need a permit or reserved
 * memory.
 */
#define SHORT_BODY_MAX (32u << 10)

#define MAX_AGE_S 3600 /* how long a client may reuse a response without asking again */

/* Sets the whole response: the status line of `cgi`, the headers that all responses have, and the rest of `cgi`. */
static void head_set(struct api_request *request, int status, const struct buffer *cgi)
{
	struct response_writer *out = &worker_request_of(request)->out;
	const uint8_t *line_end = cgi->failed ? NULL : memchr(cgi->data, '\n', cgi->length);
	size_t line = line_end ? (size_t)(line_end + 1 - cgi->data) : 0;
	struct buffer start = {0};

	atomic_fetch_add(&api_shared(request)->responses[status / 100], 1);
	buffer_append(&start, cgi->data, line);
	site_headers_append(&start, request_limits(request), request->fcgi, status);
	fastcgi_append(&out->head, start.data, start.length);
	if (cgi->length > line)
		fastcgi_append(&out->head, cgi->data + line, cgi->length - line);
	if (cgi->failed || start.failed || out->head.failed)
		log_error("api", "cannot respond: out of memory");
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

void respond_failure(struct api_request *request, const char *what, int error)
{
	const char *colon = error ? ": " : "", *text = error ? strerror(error) : "";

	log_error("api", "%s %s: cannot %s%s%s", request->fcgi->method, request->fcgi->path, what, colon, text);
	respond_problem(request, 500, NULL, "Cannot %s%s%s.", what, colon, text);
}

void respond_job_failure(struct api_request *request, const char *what)
{
	int error = child_job_errno(request->child_status);
	char text[128];

	if (error != 0) {
		respond_failure(request, what, error);
		return;
	}
	if (request->child_status < 0)
		snprintf(text, sizeof(text), "%s: its process was killed", what);
	else
		snprintf(text, sizeof(text), "%s: its process exited with status %d (see the log)", what,
			 request->child_status);
	respond_failure(request, text, 0);
}

static const char *unreadable_text(int error)
{
	switch (error) {
	case EBADMSG:
		return "their list is damaged; recorderd rebuilds it at its next start";
	case ENODEV:
		return "their disk is not mounted (require_mount)";
	case EXDEV:
		return "something was mounted, unmounted or removed, and the recorder is still using another folder. "
		       "This resolves itself within seconds";
	default:
		return strerror(error);
	}
}

static void folder_unreadable(struct api_request *request, const char *folder, const char *things, int error)
{
	const char *why = unreadable_text(error);

	if (error == ESTALE && request->camera->config->remote) {
		respond_unavailable(request, 1, "The footage has just left the cache of this machine. Ask again.");
		return;
	}
	if (error != ENODEV && error != EXDEV) /* the recorder logs those, once */
		log_error("api", "%s: the %s cannot be read: %s", folder, things, why);
	respond_problem(request, 503, "Retry-After: 10\r\n", "The %s cannot be read: %s.", things, why);
}

void respond_unreadable(struct api_request *request, int error)
{
	folder_unreadable(request, request->camera->config->record.directory, "recordings", error);
}

void respond_clips_unreadable(struct api_request *request, int error)
{
	folder_unreadable(request, request->camera->config->clips.directory, "kept clips", error);
}

void respond_unavailable(struct api_request *request, int retry_s, const char *text)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Retry-After: %d\r\n", retry_s);
	respond_problem(request, 503, headers, "%s", text);
}

void respond_no_permit(struct api_request *request, int retry_s, const char *text)
{
	const struct api_permits *permits = &worker_request_of(request)->permits;
	char headers[64];

	snprintf(headers, sizeof(headers), "Retry-After: %d\r\n", retry_s);
	if (permits->must_wait)
		respond_problem(request, 429, headers,
				"It is another address's turn: yours had the last one (http.address_share). Try again "
				"soon.");
	else if (permits->share_exceeded)
		respond_problem(
			request, 429, headers,
			"Your address is using its share, %d %% of the limit (http.address_share). Try again soon. "
			"If many clients share a proxy, add the proxy to http.proxies.",
			request_limits(request)->address_share);
	else
		respond_unavailable(request, retry_s, text);
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

static void respond_unchanged(struct api_request *request, const char *headers)
{
	struct buffer cgi = {0};

	buffer_printf(&cgi, "Status: 304 Not Modified\r\n%s\r\n", headers);
	head_set(request, 304, &cgi);
	buffer_free(&cgi);
}

void respond_bytes(struct api_request *request, int status, const char *type, const char *headers, const void *data,
		   size_t length)
{
	struct buffer cgi = {0};

	if (!request->head_only && length > SHORT_BODY_MAX && !api_reserve_memory(request, length)) {
		respond_no_permit(
			request, 2,
			"The memory for responses is used up: clients are slow to read theirs. Try again soon.");
		return;
	}
	begin(&cgi, status, type, length);
	buffer_printf(&cgi, "%s\r\n", headers ? headers : "Cache-Control: no-store\r\n");
	if (!request->head_only)
		buffer_append(&cgi, data, length);
	head_set(request, status, &cgi);
	buffer_free(&cgi);
}

/* FNV-1a (Fowler, Noll and Vo) with 64 bits. */
static uint64_t hash_of(const uint8_t *data, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
	return hash;
}

void respond_tagged(struct api_request *request, const char *type, const char *cache, const char *headers,
		    const void *data, size_t length)
{
	struct buffer all = {0};
	char etag[40];

	snprintf(etag, sizeof(etag), "\"%016" PRIx64 "-%zx\"", hash_of(data, length), length);
	bool unchanged = range_etag_matches(fastcgi_param(request->fcgi, "HTTP_IF_NONE_MATCH"), etag);
	buffer_printf(&all, "ETag: %s\r\nCache-Control: %s\r\n%s", etag, cache, headers ? headers : "");
	buffer_u8(&all, '\0');
	if (all.failed)
		respond_failure(request, "respond", ENOMEM);
	else if (unchanged)
		respond_unchanged(request, (const char *)all.data);
	else
		respond_bytes(request, 200, type, (const char *)all.data, data, length);
	buffer_free(&all);
}

void respond_preflight(struct api_request *request)
{
	struct buffer cgi = {0};
	struct reason why;
	int status = site_headers_answer_preflight(request_limits(request), request->fcgi, &why);

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

	if (cross_site_may_encode(request->fcgi, request_limits(request), &why))
		return true;
	respond_problem(request, 403, NULL, "%s", why.text);
	return false;
}

void respond_json(struct api_request *request, int status, const char *headers, struct json_object *json)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	size_t length;
	const char *text = json ? json_object_to_json_string_length(json, flags, &length) : NULL;

	if (text)
		respond_bytes(request, status, "application/json", headers, text, length);
	else
		respond_failure(request, "respond", ENOMEM);
	json_object_put(json);
}

void response_cache_control(const struct api_request *request, int64_t from_us, char out[RESPONSE_CACHE_BYTES])
{
	int64_t left_us = retention_remaining_us(request->camera->config->retention.hours, from_us, wall_now().us);

	if (left_us < US_PER_S)
		snprintf(out, RESPONSE_CACHE_BYTES, "private, no-cache");
	else
		snprintf(out, RESPONSE_CACHE_BYTES, "private, max-age=%d",
			 left_us / US_PER_S < MAX_AGE_S ? (int)(left_us / US_PER_S) : MAX_AGE_S);
}

/*
 * The headers that 200, 206 and 304 share. A proxy that compresses everything would take the length and the ranges away:
 * no-transform (RFC 9111, section 5.2.2.6).
 */
static void file_headers(struct buffer *cgi, const struct file_response *response)
{
	buffer_printf(cgi, "ETag: %s\r\nAccept-Ranges: bytes\r\n", response->etag);
	buffer_printf(cgi, "Cache-Control: %s, no-transform\r\n%s", response->cache,
		      response->headers ? response->headers : "");
}

static void respond_not_modified(struct api_request *request, const struct file_response *response)
{
	struct buffer headers = {0};

	file_headers(&headers, response);
	buffer_u8(&headers, '\0');
	if (headers.failed)
		respond_failure(request, "respond", ENOMEM);
	else
		respond_unchanged(request, (const char *)headers.data);
	buffer_free(&headers);
	virtual_file_unref(response->file);
}

static void respond_range_not_satisfiable(struct api_request *request, const struct file_response *response,
					  const char *text)
{
	char headers[64];

	snprintf(headers, sizeof(headers), "Content-Range: bytes */%" PRIu64 "\r\n", virtual_file_size(response->file));
	virtual_file_unref(response->file);
	respond_problem(request, 416, headers, "%s", text);
}

static void send_part(struct api_request *request, const struct file_response *response, int status, uint64_t first,
		      uint64_t end)
{
	struct buffer cgi = {0};

	begin(&cgi, status, response->type, end - first);
	if (status == 206)
		buffer_printf(&cgi, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", first, end - 1,
			      virtual_file_size(response->file));
	file_headers(&cgi, response);
	buffer_printf(&cgi, "\r\n");
	head_set(request, status, &cgi);
	buffer_free(&cgi);
	if (request->head_only) {
		virtual_file_unref(response->file);
		return;
	}
	struct response_writer *out = &worker_request_of(request)->out;
	out->file = response->file;
	out->first = first;
	out->end = end;
}

/*
 * Evaluates the conditions in the order of RFC 9110, section 13.2.2; true if one of them decided the response.
 * Conditions on dates are ignored, since no response has a Last-Modified (sections 13.1.3 and 13.1.4).
 */
static bool respond_by_conditions(struct api_request *request, const struct file_response *response)
{
	if (!range_if_match_holds(fastcgi_param(request->fcgi, "HTTP_IF_MATCH"), response->etag)) {
		virtual_file_unref(response->file);
		respond_problem(request, 412, NULL, "If-Match does not match: the file has changed.");
		return true;
	}
	if (range_etag_matches(fastcgi_param(request->fcgi, "HTTP_IF_NONE_MATCH"), response->etag)) {
		respond_not_modified(request, response);
		return true;
	}
	return false;
}

void respond_file(struct api_request *request, const struct file_response *response)
{
	uint64_t first = 0, end = virtual_file_size(response->file);
	enum range_outcome range = RANGE_WHOLE;
	const char *if_range = fastcgi_param(request->fcgi, "HTTP_IF_RANGE");

	if (respond_by_conditions(request, response))
		return;
	/* HEAD ignores ranges (section 14.2). */
	if (!request->head_only && range_if_range_holds(if_range, response->etag))
		range = range_parse(fastcgi_param(request->fcgi, "HTTP_RANGE"), end, &first, &end);
	if (range == RANGE_UNSATISFIABLE) {
		respond_range_not_satisfiable(
			request, response, "The range begins after the end of the file; Content-Range has its length.");
		return;
	}
	if (range == RANGE_PART && response->moving && first > 0 && *if_range == '\0') {
		respond_range_not_satisfiable(request, response,
					      "This clip can still change, so a part of it may not match the part that "
					      "you have. Send its ETag "
					      "as If-Range, or wait until all of it is recorded and ask for the times "
					      "in its Content-Location.");
		return;
	}
	if (!request->head_only && end - first > SHORT_BODY_MAX && !api_acquire(request, API_PERMIT_DOWNLOAD)) {
		virtual_file_unref(response->file);
		respond_no_permit(request, 5, "Too many downloads at once (http.max_downloads). Try again soon.");
		return;
	}
	send_part(request, response, range == RANGE_PART ? 206 : 200, first, end);
}

bool response_has_file(const struct api_request *request)
{
	return worker_request_const(request)->out.file != NULL;
}
