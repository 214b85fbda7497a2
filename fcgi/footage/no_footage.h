/* no_footage.h - the response if a range has no footage: where the nearest footage is. */
#ifndef FCGI_FOOTAGE_NO_FOOTAGE_H
#define FCGI_FOOTAGE_NO_FOOTAGE_H

#include <stdint.h>

#include "fcgi/server/server.h"

/* 404 with the nearest footage on either side of [from, to); 503 if the archive cannot be read. */
void respond_no_footage(struct api_request *request, int64_t from_us, int64_t to_us);

#endif
