/*
 * server.h - a request to recorder-api, as its handler sees it.
 *
 * A worker is one thread with one loop (shared/event/loop.h), so a handler never blocks. It responds at once
 * (response.h), or asks to be called again: after a delay (api_wait), when a descriptor is readable (api_wait_fd),
 * or when a child process has done its work (api_job_start). The request ends when its response has left or when
 * the client has gone, whichever comes first. What a handler keeps until then belongs in `work`.
 */
#ifndef FCGI_SERVER_SERVER_H
#define FCGI_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/pool/camera.h"
#include "fcgi/pool/worker_slots.h"
#include "fcgi/server/permits.h"
#include "shared/base/clock.h"
#include "shared/config/config.h"

struct token_store;
struct sandbox_state;
struct api_request;
typedef void api_handler(struct api_request *request);

/* The worker keeps more about a request than this (struct worker_request); handlers never see that. */
struct api_request {
	struct fastcgi_request *fcgi;
	struct api_camera *cameras; /* all of them */
	size_t camera_count;
	mono_t arrived;

	/* Set by the dispatcher. */
	struct api_camera *camera; /* the one that ?camera= names, or the first */
	bool camera_named;         /* by ?camera= */
	const char *tail;          /* the part of the path that the route leaves open: FILE */
	bool head_only;

	bool disk_hangs;  /* do not touch the folders of the camera */
	int child_status; /* in the callback of a job: the exit status of the child; -1: a signal killed it */

	void *remote; /* of the dispatcher, for a camera of the store; freed with free() when the request ends */

	/* Set by the handler. */
	void *work; /* its own state; freed with work_free when the request ends */
	void (*work_free)(void *work);
	api_handler *after; /* called once the whole response has left; or NULL */
	void *after_context;
};

/* Calls `resume` after that many milliseconds. */
void api_wait(struct api_request *request, int delay_ms, api_handler *resume);

/*
 * The same as soon as `fd` is readable or has failed, and after limit_ms at the latest. False if it cannot be
 * watched.
 */
bool api_wait_fd(struct api_request *request, int fd, int limit_ms, api_handler *resume);

/*
 * Runs `run(context)` in a forked, niced child with a process group of its own, and calls `done` when it has ended.
 * child_status is then what `run` returned. The child is killed when the client leaves. It must not log, and it
 * sees the worker's memory as it is now. False with errno if no child can be started.
 */
typedef int api_job(void *context);
bool api_job_start(struct api_request *request, api_job *run, void *context, api_handler *done);

/*
 * The same for work that goes on after the response: nobody waits for this child and nothing kills it. False if it
 * was not started, also because too many such children are running: the work must be dispensable.
 */
bool api_start_detached(struct api_request *request, api_job *run, void *context);

/* The tokens that requests may use (token_store.h); NULL: there are none. */
struct token_store *api_tokens(const struct api_request *request);

/* False for a camera that the request's token does not cover: tell nothing about it, not even its name. */
bool api_may_see_camera(const struct api_request *request, size_t camera);

/* The sandbox of this worker. */
const struct sandbox_state *api_sandbox(const struct api_request *request);

/* What all workers share. */
struct worker_slots *api_shared(const struct api_request *request);

#endif
