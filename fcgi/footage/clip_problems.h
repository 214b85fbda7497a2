/* clip_problems.h - the problem responses to requests for clips. */
#ifndef FCGI_FOOTAGE_CLIP_PROBLEMS_H
#define FCGI_FOOTAGE_CLIP_PROBLEMS_H

#include "fcgi/server/server.h"

/* 413: the clip would be longer than http.max_clip_minutes. */
void respond_clip_too_long(struct api_request *request);

/* The response to an error of clip_request_plan(): 413 if it is EOVERFLOW or EFBIG, else 500. */
void respond_no_plan(struct api_request *request, int error);

/* 413: too many parts of the range would have to be encoded. */
void respond_too_many_parts(struct api_request *request);

/* 413: the encoded parts would take too much memory. */
void respond_parts_too_large(struct api_request *request);

/* 503: frames were overwritten in memory before they could be encoded. */
void respond_frames_overwritten(struct api_request *request);

/* 503 or 429: as many clips as are allowed are being encoded already. */
void respond_no_encoding(struct api_request *request);

#endif
