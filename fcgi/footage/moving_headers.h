/* moving_headers.h - the response headers of clips of the seconds in which something moved. */
#ifndef FCGI_FOOTAGE_MOVING_HEADERS_H
#define FCGI_FOOTAGE_MOVING_HEADERS_H

#include "fcgi/clip/clip_build.h"
#include "fcgi/motion/motion_spans.h"
#include "fcgi/server/server.h"
#include "shared/base/buffer.h"

/* Appends X-Clip-Spans: the parts, or, if that is too long, how many there are and where to ask for them. */
void moving_headers_append_spans(const struct api_request *request, const struct clip *clip, struct buffer *out);

/*
 * Appends X-Clip-Unknown: seconds with footage of which it is unknown whether something moved, as `from/to, from/to` in
 * ISO 8601, or how many rows of them there are. Nothing if all is known.
 */
void moving_headers_append_unknown(const struct api_request *request, const struct motion_spans *unknown,
				   struct buffer *out);

#endif
