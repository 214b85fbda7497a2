/*
 * request.h - the life of a request in a worker, as the worker's loop and its new connections have it. What
 * handlers have of it is server.h.
 *
 * A request's struct outlives the turn of the loop in which it ended, since it may end within functions that still use
 * it: request_end() marks, the end of the turn frees.
 */
#ifndef FCGI_SERVER_REQUEST_H
#define FCGI_SERVER_REQUEST_H

#include "fcgi/pool/handover.h"
#include "fcgi/server/server.h"
#include "fcgi/server/worker_internal.h"

/* Takes over the connection: watches it and calls the dispatcher. */
void request_begin(struct api_worker *worker, struct fastcgi_request *fcgi, const struct handover_note *note);

/* Ends it: the connection, its places and its child. */
void request_end(struct api_request *request);

/* Reaps children that no request waits for, now and, while there are any, again soon. */
void children_reap(void *worker);

/* Frees those that have ended. Between two turns of the loop. */
void requests_free_ended(struct api_worker *worker);

#endif
