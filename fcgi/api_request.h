/*
 * api_request.h - the life of a request in a worker, as the worker's loop and its new connections have it. What
 * handlers have of it is api.h.
 *
 * A request's struct outlives the epoll_wait() turn in which it ended, since a later event of that turn may still point
 * at it: request_end() marks, the end of the turn frees.
 */
#ifndef FCGI_API_REQUEST_H
#define FCGI_API_REQUEST_H

#include "fcgi/api.h"
#include "fcgi/api_handover.h"
#include "fcgi/api_worker_internal.h"

bool worker_watch(struct api_worker *worker, int fd, uint32_t events, struct api_watch *watch);
void worker_unwatch(struct api_worker *worker, int fd);

/* Takes over the connection: watches it and calls the dispatcher. */
void request_begin(struct api_worker *worker, struct fastcgi_request *fcgi, const struct handover_note *note);

/* The time that it waits for has come. */
void request_due(struct api_request *request);

/* Ends it: the connection, its places and its child. */
void request_end(struct api_request *request);
void request_free(struct api_request *request);

/* Reaps those orphans that have ended. */
void orphans_reap(struct api_worker *worker);

#endif
