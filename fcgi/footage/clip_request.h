/*
 * clip_request.h - a clip that a request asks for, from its query to the joined file: GET /footage sends it, POST
 * /clips keeps it.
 */
#ifndef FCGI_FOOTAGE_CLIP_REQUEST_H
#define FCGI_FOOTAGE_CLIP_REQUEST_H

#include "fcgi/clip/clip_build.h"
#include "fcgi/footage/moving_parts.h"
#include "fcgi/http/query.h"
#include "fcgi/server/server.h"
#include "fcgi/transcode/transcode.h"

struct clip_request;

/* Called once with the finished clip. It may take clip->file, and sets it to NULL then. */
typedef void clip_ready(struct api_request *request, struct clip_request *wanted, struct clip *clip);

struct clip_request {
	struct query_span span; /* span.moving: also while the clip may still change (clip_final.h) */
	bool moves_by_query;    /* the times of the query are relative, or in the future */
	unsigned speed;
	mono_t wait_until;
	struct moving_parts moving;  /* only=motion */
	struct motion_spans unknown; /* seconds with footage that may have moved */
	struct clip_plan plan;
	struct transcode encode;
	unsigned fetches;                /* of bytes from the store that are to be encoded */
	bool from_memory;                /* part of it is encoded from the ring */
	bool encoded;                    /* part of it was encoded for this request */
	struct cached_response_job *job; /* owned; what is to be cached, or NULL */
	clip_ready *ready;
};

/*
 * Plans a clip from the recordings of the request's camera, as clip_plan_make() does; with only=motion, finds the
 * parts and plans these. A folder that does not exist is empty, and one whose disk hangs cannot be read. If the records
 * of motion cannot be read, the plan is unreadable. More errors than those of clip_plan_make(): EOVERFLOW if the range
 * is too long for only=motion, EFBIG if the parts together are longer than a clip may be.
 */
enum plan_outcome clip_request_plan(const struct api_request *request, int64_t from_us, int64_t to_us,
				    struct moving_parts *moving, struct clip_plan *out);

/* Finds the seconds with footage that are unknown (moving_parts_unknown). Returns false after responding. */
bool clip_request_find_unknown(struct api_request *request, const struct moving_parts *moving,
			       struct motion_spans *unknown);

/*
 * Reads from=, to=, duration=, speed= and only=, and makes the clip. Ends with `ready`, or with a response that says
 * why not.
 */
void clip_request_start(struct api_request *request, clip_ready *ready);

#endif
