/* clip_headers.h - the response headers of a clip, and its name. */
#ifndef FCGI_FOOTAGE_CLIP_HEADERS_H
#define FCGI_FOOTAGE_CLIP_HEADERS_H

#include "fcgi/footage/clip_request.h"

/* Appends the headers that describe the content of a clip: X-Clip-Source, X-Clip-Spans and X-Clip-Start. */
void clip_headers_append_content(const struct clip *clip, struct buffer *out);

/* Appends those and the headers of the response: Content-Disposition, Server-Timing and Content-Location. */
void clip_headers_append(const struct api_request *request, const struct clip_request *wanted, const struct clip *clip,
			 struct buffer *out);

/*
 * Appends Content-Disposition with that file name; if there is a label, browsers save the clip under that (RFC 6266).
 */
void clip_headers_append_file_name(const char *file, const char *label, struct buffer *out);

/*
 * Names a clip that is kept: CAMERA_YYYYMMDD_HHMMSS_YYYYMMDD_HHMMSS, in local time and without .mp4. A time that a clock change
 * repeats is followed by its zone (20261025_023000CEST), so that two clips do not get the same name.
 */
#define CLIP_NAME_BYTES 120
void clip_headers_name(const struct api_request *request, const struct clip *clip, char out[CLIP_NAME_BYTES]);

#endif
