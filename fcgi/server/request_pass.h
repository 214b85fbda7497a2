/*
 * request_pass.h - passing a request that needs the disk from a front worker to a disk worker of its camera
 * (worker_groups.h), and taking it back if the disk does not respond.
 *
 * The front worker keeps its copy of the connection until the disk worker has begun its response. It takes the
 * request back if the disk worker hangs (WORKER_HANGS_US), or if all workers of the group have been hanging for so
 * long that none could take it. While the whole group hangs, a new request waits for one second only. A disk that
 * is slow but responds is waited for.
 */
#ifndef FCGI_SERVER_REQUEST_PASS_H
#define FCGI_SERVER_REQUEST_PASS_H

#include "fcgi/server/server.h"

/*
 * In a front worker: passes the request on and returns true. If the disk does not respond, `fallback` is called with
 * disk_hangs set. False in a worker that has to handle the request itself.
 */
bool api_pass(struct api_request *request, api_handler *fallback);

/* True if the request was passed to this worker: a front worker has authorized it and checked its query. */
bool api_is_passed(const struct api_request *request);

/* For how long the archive of a camera has not responded to reads, in microseconds; 0: it responds. */
int64_t api_archive_hangs_us(const struct api_request *request, const struct api_camera *camera);

/* 503 with Retry-After: the archive does not respond to reads. A handler. */
void respond_disk_hangs(struct api_request *request);

#endif
