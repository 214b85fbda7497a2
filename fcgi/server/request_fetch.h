/*
 * request_fetch.h - requests that wait for footage from the store: recorder-fetch gets it into the cache meanwhile
 * (fcgi/pool/fetch_client.h), and the worker goes on with other requests.
 */
#ifndef FCGI_SERVER_REQUEST_FETCH_H
#define FCGI_SERVER_REQUEST_FETCH_H

#include "fcgi/server/server.h"
#include "shared/store/fetch_socket.h"

struct worker_request;

/* What is to be fetched, of the request's camera. */
struct api_wanted {
	enum fetch_kind kind;
	unsigned what;    /* enum fetch_what, together; of FETCH_SPAN */
	const char *file; /* of FETCH_BYTES; copied */
	int64_t from, to; /* microseconds, or bytes; of bytes at most FETCH_BYTES_MAX are fetched */
};

/* Calls `done` once that was answered, whatever the answer is. */
void api_fetch(struct api_request *request, const struct api_wanted *wanted, api_handler *done);

/* The answer, in `done`. */
const struct fetch_answer *api_fetch_answer(const struct api_request *request);

/* The response to a request whose footage was not fetched, by the last answer. */
void respond_not_fetched(struct api_request *request);

/* For request.c. Waits for what the response lacks (response_writer.need), and then responds or goes on sending. */
void request_fetch_missing(struct worker_request *request);

/* Has what is sent next fetched meanwhile. */
void request_fetch_ahead(struct worker_request *request);

/* Forgets all of it. */
void request_fetch_cancel_ahead(struct worker_request *request);

#endif
