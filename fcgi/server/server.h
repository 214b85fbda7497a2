/*
 * server.h - a request inside recorder-api, from its arrival to its last byte.
 *
 * A worker is one thread and one loop (shared/event/loop.h). A handler answers at once (response.h), or asks to be
 * called again: after a while (api_wait), when a descriptor can be read (api_wait_fd), or when a child process has done
 * its work (api_job_start). The request ends when its answer has left or when the client has gone, whichever is first;
 * what a handler keeps in between hangs on `work`.
 */
#ifndef FCGI_SERVER_SERVER_H
#define FCGI_SERVER_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/io/fastcgi.h"
#include "fcgi/io/pace.h"
#include "fcgi/io/response_writer.h"
#include "fcgi/pool/camera.h"
#include "fcgi/pool/pass_table.h"
#include "fcgi/pool/worker_slots.h"
#include "fcgi/server/places.h"
#include "shared/base/clock.h"
#include "shared/config/config.h"
#include "shared/event/loop.h"
#include "shared/event/subprocess.h"

struct api_worker;
struct token_store;
struct sandbox_state;
struct api_request;
typedef void api_handler(struct api_request *request);

struct api_request {
	struct api_worker *worker;
	struct fastcgi_request *fcgi;
	struct api_camera *camera;  /* that ?camera= names, or the first */
	struct api_camera *cameras; /* all of them */
	size_t camera_count;
	const char *tail; /* what of the path the route left open: FILE */
	bool head_only;
	bool camera_named; /* by ?camera= */
	mono_t arrived;
	bool disk_hangs; /* the folders of its camera must not be touched */

	/* A request that is passed on (request_pass.h), or that was passed to here */
	struct pass_ticket ticket; /* number 0: neither */
	bool given;                /* the ticket is with the other group */
	mono_t give_up;            /* if no worker could take it until then */
	api_handler *without;      /* answers in place of the disk's workers */
	bool claimed;              /* the answer is this worker's to give */

	struct response_writer out; /* filled by response.c */
	struct api_permits taken;   /* of what all requests share (places.h) */
	struct pace pace;           /* at which the client takes the answer */
	uint32_t queued_bytes;      /* that the kernel had for the client when it was last asked (client_probe.h) */

	void *work; /* the handler's own; freed with work_free at the end */
	void (*work_free)(void *work);

	api_handler *after; /* called once the whole answer has left; or NULL */
	void *after_context;

	api_handler *resume;     /* waiting for the timer, for wait_watch, or for the child */
	struct loop_timer timer; /* while there is a child: the next look at the client */
	struct subprocess child;
	int child_status; /* exit status; -1: killed */
	bool client_seen; /* its connection, as the child began (client_probe.h) */

	struct loop_watch connection_watch;
	struct loop_watch child_watch; /* of its exit_fd */
	struct loop_watch wait_watch;  /* of api_wait_fd */
	struct api_request *next, *previous;
	bool ended; /* freed once the loop's turn is over */
};

/* Has `resume` called again after that many milliseconds. */
void api_wait(struct api_request *request, int delay_ms, api_handler *resume);

/* The same once `fd` can be read or has failed, and at the latest after that time. False where it cannot be watched. */
bool api_wait_fd(struct api_request *request, int fd, int limit_ms, api_handler *resume);

/*
 * Runs `run(context)` in a forked, niced child with a process group of its own, and calls `done` when it has ended
 * (child_status: what `run` returned). It is killed when the client leaves. The child must not log, and sees the
 * worker's memory as of now. False where there is no process to be had.
 */
typedef int api_job(void *context);
bool api_job_start(struct api_request *request, api_job *run, void *context, api_handler *done);

/*
 * The same, but nobody waits for it and nothing ends it but itself: work that is left behind after an answer, and that
 * may be left undone where there is much of it: then false.
 */
bool api_start_detached(struct api_request *request, api_job *run, void *context);

/* The tokens that the request may come with (token_store.h); NULL: there are none. */
struct token_store *api_tokens(const struct api_request *request);

/* False for a camera that the request's token is not good for: nothing is said of it, not even its name. */
bool api_may_see_camera(const struct api_request *request, size_t camera);

/* How far this worker is locked up. */
const struct sandbox_state *api_sandbox(const struct api_request *request);

/* What all workers share. */
struct worker_slots *api_shared(const struct api_request *request);

#endif
