/*
 * request.h - the life of a request in a worker. What handlers may do with it is in server.h.
 *
 * A request may end within functions that still use it, so its struct outlives that turn of the loop: request_end()
 * marks it, requests_free_ended() frees it between two turns.
 */
#ifndef FCGI_SERVER_REQUEST_H
#define FCGI_SERVER_REQUEST_H

#include "fcgi/pool/handover.h"
#include "fcgi/server/server.h"
#include "fcgi/server/worker_internal.h"

/* Takes over the connection, watches it and calls the dispatcher. */
void request_begin(struct api_worker *worker, struct fastcgi_request *fcgi, const struct handover_note *note);

/* Closes the connection, releases the permits and kills the child. Safe to repeat. */
void request_end(struct worker_request *request);

/* Reaps children that no request waits for; calls itself again soon while there are any. A timer's callback. */
void children_reap(void *worker);

/* Frees the requests that have ended. Between two turns of the loop only. */
void requests_free_ended(struct api_worker *worker);

#endif
