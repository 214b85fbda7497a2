/*
 * clip_request.h - a clip that a request asks for, from its query to the joined file: what /footage sends and POST
 * /clips keeps.
 */
#ifndef FCGI_API_CLIP_REQUEST_H
#define FCGI_API_CLIP_REQUEST_H

#include "fcgi/clip/clip_build.h"
#include "fcgi/http/query.h"
#include "fcgi/server/server.h"
#include "fcgi/transcode/transcode.h"

struct clip_request;

/* Called once with the finished clip; it may take clip->file (and set it to NULL). */
typedef void clip_ready(struct api_request *request, struct clip_request *want, struct clip *clip);

struct clip_request {
	struct query_span span; /* moving: also while the clip may still change (clip_final.h) */
	bool moves_by_name;     /* the query alone says so */
	unsigned speed;
	mono_t wait_until;
	struct clip_plan plan;
	struct transcode encode;
	bool from_memory;                 /* a part of it is encoded from the ring */
	bool encoded;                     /* a part of it was */
	struct cached_response_job *note; /* owned; of what is to be cached, or NULL */
	clip_ready *ready;
};

/*
 * Plans from the recordings of the request's camera, as clip_plan_make; a folder that is not there is an empty one, and
 * one whose disk hangs cannot be read.
 */
enum plan_outcome clip_request_plan(const struct api_request *request, int64_t from_us, int64_t to_us,
				    struct clip_plan *out);

/* Reads from=, to=, duration=, speed= and goes on until `ready` or an answer that says why not. A handler. */
void clip_request_start(struct api_request *request, clip_ready *ready);

/* Header lines about what is in a clip: X-Clip-Source, X-Clip-Spans, X-Clip-Start. */
void clip_content_headers(const struct clip *clip, struct buffer *out);

/* These, and about the answer: Content-Disposition, Server-Timing, Content-Location. */
void clip_request_headers(const struct api_request *request, const struct clip_request *want, const struct clip *clip,
			  struct buffer *out);

/* CAMERA_YYYYMMDD_HHMMSS_YYYYMMDD_HHMMSS (without .mp4) for a clip. */
#define CLIP_NAME_BYTES 100
void clip_request_name(const struct api_request *request, const struct clip *clip, char out[CLIP_NAME_BYTES]);

#endif
