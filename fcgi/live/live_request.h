/* live_request.h - what a request to recorder-live asks for. Pure. */
#ifndef FCGI_LIVE_LIVE_REQUEST_H
#define FCGI_LIVE_LIVE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"

struct live_options {
	const struct config *camera;
	int64_t period_us; /* at most one frame in so long; 0: every frame */
	bool head_only;
};

/* The camera that the query names, the first where it names none; NULL where there is none of that name. */
const struct config *live_request_camera(const struct config_set *cameras, const char *query);

/*
 * Returns 200 and fills `out`, or the status of the problem and a sentence: 404 for a path or camera that is not there,
 * 405, 400 for an fps= that is none. out->head_only is set in any case.
 */
int live_request_read(const struct config_set *cameras, const char *method, const char *path, const char *query,
		      struct live_options *out, struct reason *why);

#endif
