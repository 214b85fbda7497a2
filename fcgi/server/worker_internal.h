/*
 * worker_internal.h - a worker, and a request as the worker keeps it.
 *
 * Used by the worker's loop (worker.c), its new connections (pending.c), the life of a request (request.c), and the
 * functions for handlers (request_fetch.c, request_pass.c, response.c, permits.c, request_context.c, request_wait.c). In that order:
 * each of them calls only those after it.
 */
#ifndef FCGI_SERVER_WORKER_INTERNAL_H
#define FCGI_SERVER_WORKER_INTERNAL_H

#include <sys/queue.h>

#include "fcgi/io/pace.h"
#include "fcgi/io/response_writer.h"
#include "fcgi/pool/fetch_client.h"
#include "fcgi/pool/pass_table.h"
#include "fcgi/server/worker_setup.h"
#include "shared/event/loop.h"
#include "shared/event/subprocess.h"

#define SCRATCH_BYTES FASTCGI_TURN_BYTES /* with less, bytes of a file would be read twice */

struct pending_connection;
struct worker_request;

struct api_worker {
	struct worker_setup setup;
	struct loop *loop;
	struct loop_watch handover_watch, signal_watch;
	struct loop_timer listen_again; /* armed: no descriptors or memory for new connections until then */
	struct loop_timer stop_limit;
	struct loop_timer probe; /* of the disk: does it respond? */
	struct api_camera *cameras;
	struct fetch_client *fetch;     /* of a worker for remote cameras; else NULL */
	struct fetch_call cameras_call; /* FETCH_CAMERAS, from time to time */
	struct loop_timer ask_cameras;
	LIST_HEAD(, worker_request) requests;
	LIST_HEAD(, worker_request) ended; /* freed after this turn of the loop */
	LIST_HEAD(, pending_connection) pending_connections;
	void (*close_in_child)(const struct api_worker *worker); /* closes the copies of pending connections */
	bool accepting, stopping;
	bool stop_over;            /* requests had their time to finish after the worker was told to stop */
	mono_t log_again_at;       /* that connections cannot be accepted: not before then */
	uint64_t accepted;         /* requests so far */
	bool outdated;             /* the configuration has changed since the worker started */
	struct loop_timer reaping; /* armed while there are children that no request waits for */
	uint8_t scratch[SCRATCH_BYTES];
};

/* What a request waits for from the store (request_fetch.h). */
struct request_fetch {
	struct fetch_call call, ahead;
	struct fetch_answer answer; /* to `call` */
	api_handler *done;
	uint64_t ahead_at;    /* position in the file from which on it is looked ahead again */
	uint64_t stuck_at;    /* bytes that were sent when bytes were missing the last time */
	unsigned tries;       /* how often since then */
	mono_t failing_since; /* 0: the last answer was good */
};

struct worker_request {
	struct api_request api; /* what handlers see */
	struct api_worker *worker;
	struct response_writer out; /* filled by response.c */
	struct api_permits permits;
	struct pace pace;      /* at which the client reads the response */
	uint32_t queued_bytes; /* that the kernel held for the client when it was last asked (client_probe.h) */

	/* For a request that was passed on to another worker (request_pass.h), or passed to this one. */
	struct pass_ticket ticket; /* number 0: neither */
	bool passed_on;            /* the ticket is with the other group */
	mono_t give_up;            /* if no worker could take it until then */
	api_handler *fallback;     /* responds if the disk workers do not */
	bool claimed;              /* the response is this worker's to give */

	struct request_fetch fetch;

	api_handler *resume;     /* called by the timer, wait_watch, or the end of the child */
	struct loop_timer timer; /* while there is a child: the next check of the client */
	struct subprocess child;

	struct loop_watch connection_watch;
	struct loop_watch child_watch; /* of its exit_fd */
	struct loop_watch wait_watch;  /* of api_wait_fd() */
	LIST_ENTRY(worker_request) link;
	bool ended;
};

/* Both point to the same object: `api` is the first member. */
static inline struct worker_request *worker_request_of(struct api_request *request)
{
	return (struct worker_request *)request;
}

static inline const struct worker_request *worker_request_const(const struct api_request *request)
{
	return (const struct worker_request *)request;
}

/* The limits that apply: before the camera is known, those of the first one. */
static inline const struct config_http *request_limits(const struct api_request *request)
{
	return &(request->camera ? request->camera : request->cameras)->config->http;
}

/* request_wait.c: forgets what the request waits for. */
void request_stop_waiting(struct worker_request *request);

/* permits.c: releases all permits and memory of the request. */
void permits_release_all(struct api_request *request);

#endif
