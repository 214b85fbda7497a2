/*
 * remote.h - requests for cameras whose footage comes from the store: before the handler runs, recorder-fetch gets what it
 * reads into the cache.
 */
#ifndef FCGI_API_REMOTE_H
#define FCGI_API_REMOTE_H

#include "fcgi/server/server.h"

/* What a route needs of the store. */
enum remote_need {
	REMOTE_REFUSED,  /* it is about what only a recorder has */
	REMOTE_ITSELF,   /* the handler asks for what it needs */
	REMOTE_LIST,     /* the list of the segments of the range */
	REMOTE_TIMELINE, /* their indexes too, if the range is short */
	REMOTE_CLIP,     /* their indexes, and with only=motion their records of motion */
	REMOTE_MOTION,   /* the records of motion */
	REMOTE_FILE,     /* the segment that the path names */
};

/* Runs `handler` once that is there, or responds with why it is not. In a worker for remote cameras. */
void remote_run(struct api_request *request, enum remote_need need, api_handler *handler);

/* The response of a route that needs a recorder. */
void respond_remote_refused(struct api_request *request);

#endif
