/*
 * worker_internal.h - what a worker's loop (worker.c), its new connections (pending.c), the life of a
 * request in it (request.c) and what a request takes of what workers share (permit.c) have in common. Each
 * calls those that stand behind it in this list, and none before it.
 */
#ifndef FCGI_SERVER_WORKER_INTERNAL_H
#define FCGI_SERVER_WORKER_INTERNAL_H

#include "fcgi/server/worker_setup.h"

#define SCRATCH_BYTES FASTCGI_TURN_BYTES /* more would be read from the file twice */

struct pending_connection;

struct api_worker {
	struct worker_setup setup;
	struct loop *loop;
	struct loop_watch handover_watch, signal_watch;
	struct loop_timer listen_again; /* armed: out of descriptors or memory until then */
	struct loop_timer stop_limit;
	struct loop_timer probe; /* of the disk: whether it answers */
	struct api_camera *cameras;
	struct api_request *requests;                            /* doubly linked; those that have not ended */
	struct api_request *ended;                               /* by their `next` */
	struct pending_connection *pending_connections;          /* doubly linked: pending.h */
	void (*close_in_child)(const struct api_worker *worker); /* the intake's: its connections, in a forked child */
	bool accepting, stopping;
	bool stop_over; /* what was under way as it was told to stop has had its time */
	mono_t say_at;  /* that connections cannot be taken: not before */
	uint64_t taken;
	bool outdated;             /* the configuration has changed since it began */
	struct loop_timer reaping; /* armed while there are children that no request waits for */
	uint8_t scratch[SCRATCH_BYTES];
};

/* places.c: gives back the places and the memory that the request takes. */
void permits_release_all(struct api_request *request);

#endif
