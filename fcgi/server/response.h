/*
 * response.h - responses: a problem, JSON, bytes, or a file with ranges.
 *
 * A handler calls exactly one of these functions; the loop sends what it made. `headers` are lines that end in
 * CRLF, or NULL. Texts for people are whole sentences in plain English: what happened, and what to do.
 */
#ifndef FCGI_SERVER_RESPONSE_H
#define FCGI_SERVER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi/io/virtual_file.h"
#include "fcgi/server/server.h"
#include "shared/base/buffer.h"

struct json_object;

/* application/problem+json (RFC 9457) with that status and text. */
void respond_problem(struct api_request *request, int status, const char *headers, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* 500, logged: "Cannot WHAT: ERROR." `error` is an errno, or 0 if there is none. */
void respond_failure(struct api_request *request, const char *what, int error);

/*
 * 500 after a job failed (api_job_start), with the errno that it reported (child_job_failure), or what else ended
 * it.
 */
void respond_job_failure(struct api_request *request, const char *what);

/* 503 with Retry-After. */
void respond_unavailable(struct api_request *request, int retry_s, const char *text);

/*
 * After api_acquire() or api_reserve_memory() returned false: 503 with that text, or 429 (RFC 6585, section 4) if
 * the reason is that this address has its share. Both with Retry-After.
 */
void respond_no_permit(struct api_request *request, int retry_s, const char *text);

/* 503, logged: `error` (errno) keeps the archive from being read. That must not look like an empty archive. */
void respond_unreadable(struct api_request *request, int error);

/* The same for the folder of kept clips. */
void respond_clips_unreadable(struct api_request *request, int error);

/* Copies `data`. 503 or 429 if clients that read nothing have used up the memory for responses. */
void respond_bytes(struct api_request *request, int status, const char *type, const char *headers, const void *data,
		   size_t length);

/*
 * The same for the answer to a question that may be asked again: 200 with an entity tag made of its bytes, or 304 if
 * the client has just that. `cache` is the value of Cache-Control.
 */
void respond_tagged(struct api_request *request, const char *type, const char *cache, const char *headers,
		    const void *data, size_t length);

/* respond_bytes() with JSON, whose reference it takes (json_object_put). NULL means that memory ran out. */
void respond_json(struct api_request *request, int status, const char *headers, struct json_object *json);

/*
 * Cache-Control for a response that never changes, with footage from `from_us` on (microseconds since 1970): an
 * hour, or less if that footage has to be deleted earlier (retention.hours).
 */
#define RESPONSE_CACHE_BYTES 40
void response_cache_control(const struct api_request *request, int64_t from_us, char out[RESPONSE_CACHE_BYTES]);

/* 204 or 403 to a CORS preflight (site_headers.h). */
void respond_preflight(struct api_request *request);

/* True if the page that asks may have something encoded (cross_site.h); otherwise responds with 403. */
bool require_encoding_allowed(struct api_request *request);

struct file_response {
	struct virtual_file *file; /* taken */
	const char *type;          /* Content-Type */
	const char *etag;          /* strong, with quotes */
	const char *cache;         /* Cache-Control */
	const char *headers;       /* further ones, or NULL */
	bool moving;               /* the range of time moves: a part is sent only with a matching If-Range */
};

/* 200, 206, 304, 412 or 416, as the request's conditions demand; 503 or 429 if there is no permit for a download. */
void respond_file(struct api_request *request, const struct file_response *response);

/* True if the response is a file, rather than a refusal. */
bool response_has_file(const struct api_request *request);

#endif
