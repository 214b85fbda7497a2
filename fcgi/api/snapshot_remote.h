/*
 * snapshot_remote.h - what GET /snapshot of a camera of the store has fetched before it can be answered.
 */
#ifndef FCGI_API_SNAPSHOT_REMOTE_H
#define FCGI_API_SNAPSHOT_REMOTE_H

#include "fcgi/server/server.h"
#include "fcgi/transcode/still.h"

/* Has the index of that second fetched; INT64_MAX: of the newest footage. */
void snapshot_remote_ask_span(struct api_request *request, int64_t at_us, api_handler *done);

/*
 * After that: replaces INT64_MAX by the time of the newest footage. Returns false after responding that it was not fetched,
 * or that it is too old to be current.
 */
bool snapshot_remote_find_time(struct api_request *request, int64_t *at_us);

/* Has the bytes of the picture fetched (still.need_file). *asked counts how often; after some times, responds. */
void snapshot_remote_ask_bytes(struct api_request *request, const struct still *still, unsigned *asked,
			       api_handler *done);

#endif
