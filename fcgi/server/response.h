/*
 * response.h - answers: a problem, JSON, bytes, or a file with ranges. Each fills the request's outflow once; what
 * follows is the loop's. `headers` are lines that end in CRLF, or NULL.
 */
#ifndef FCGI_SERVER_RESPONSE_H
#define FCGI_SERVER_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi/io/virtual_file.h"
#include "fcgi/server/server.h"
#include "shared/base/buffer.h"

struct json_object;

/* One plain sentence: what was wrong and what would be right. */
void respond_problem(struct api_request *request, int status, const char *headers, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* 500, logged: memory or a descriptor was not to be had. */
void respond_failure(struct api_request *request, const char *what);

/* 503 with Retry-After. */
void respond_unavailable(struct api_request *request, int retry_s, const char *sentence);

/*
 * Behind api_acquire() or api_reserve_memory() that said no: 503 with that sentence, or 429 (RFC 6585, section 4) if
 * only this address has all that it may have. Both with Retry-After.
 */
void respond_no_permit(struct api_request *request, int retry_s, const char *sentence);

/* 503, logged: `error` (errno) kept the archive from being read. That is no empty archive. */
void respond_unreadable(struct api_request *request, int error);

/* The same of the folder of kept clips. */
void respond_clips_unreadable(struct api_request *request, int error);

/* 503 or 429 where clients that take nothing leave no memory for it. */
void respond_bytes(struct api_request *request, int status, const char *type, const char *headers, const void *data,
		   size_t length);

/* Likewise. Puts the object (json_object_put). NULL is a failure. */
void respond_json(struct api_request *request, int status, const char *headers, struct json_object *json);

/*
 * Cache-Control of an answer that stays the same, with footage from `from_us` on: an hour, but not for longer than that
 * may be kept (retention.hours).
 */
#define RESPONSE_CACHE_BYTES 40
void response_cache_control(const struct api_request *request, int64_t from_us, char out[RESPONSE_CACHE_BYTES]);

/* 204 or 403 for a CORS preflight (site_headers.h). */
void respond_preflight(struct api_request *request);

/* 403 unless the page that asks may have something encoded (cross_site.h): true where it may. */
bool require_encoding_allowed(struct api_request *request);

struct file_response {
	struct virtual_file *file; /* taken */
	const char *type;          /* Content-Type */
	const char *etag;          /* strong, with quotes */
	const char *cache;         /* Cache-Control */
	const char *headers;       /* more of them, or NULL */
	bool moving;               /* a range that moves: a part of it only with a matching If-Range */
};

/* 200, 206, 304, 412 or 416, by the request's conditions; 503 or 429 where there is no place for a download. */
void respond_file(struct api_request *request, const struct file_response *answer);

#endif
