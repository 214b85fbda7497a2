/* no_footage.h - the responses if a range has no footage, or none in which something moved. */
#ifndef FCGI_FOOTAGE_NO_FOOTAGE_H
#define FCGI_FOOTAGE_NO_FOOTAGE_H

#include <stdint.h>

#include "fcgi/footage/moving_parts.h"
#include "fcgi/server/server.h"

/* 404 with the nearest footage on either side of [from, to); 503 if the archive cannot be read. */
void respond_no_footage(struct api_request *request, int64_t from_us, int64_t to_us);

/*
 * The same with only=motion: 404 that tells apart that nothing moved, that it is unknown whether something did, and
 * that the footage of what moved is gone. X-Clip-Unknown lists what is unknown.
 */
void respond_nothing_moved(struct api_request *request, const struct moving_parts *moving,
			   const struct motion_spans *unknown, int64_t from_us, int64_t to_us);

#endif
