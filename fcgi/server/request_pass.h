/*
 * request_pass.h - a request that needs the disk leaves a front worker for one of the camera's own (worker_groups.h),
 * and comes back if the disk does not answer.
 *
 * The front keeps its copy of the connection until the other worker has begun its answer. It takes the request back if
 * the worker that has taken it hangs (WORKER_HANGS_US), or if nobody could take it for so long because all of the group
 * hang; a request that comes while they do waits for a second. A disk that is slow, and answers, is waited for.
 */
#ifndef FCGI_SERVER_REQUEST_PASS_H
#define FCGI_SERVER_REQUEST_PASS_H

#include "fcgi/server/server.h"

/*
 * In a front worker: passes the request on. `without` answers if the disk does not (disk_hangs is set then). False in a
 * worker that is to go on with it itself.
 */
bool api_pass(struct api_request *request, api_handler *without);

/* Whether the request was passed to this worker: who asks, and for what, has been judged. */
bool api_is_passed(const struct api_request *request);

/* For how long the archive of a camera has not answered reads, in microseconds; 0: it answers. */
int64_t api_archive_hangs_us(const struct api_request *request, const struct api_camera *camera);

/* 503 with Retry-After: the archive does not answer reads. A handler. */
void respond_disk_hangs(struct api_request *request);

#endif
