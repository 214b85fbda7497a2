/*
 * fetch_client.h - asks recorder-fetch for footage (shared/store/fetch_socket.h), without waiting.
 *
 * A worker has one connection, for all of its requests. It is made when somebody asks, and again after recorder-fetch was
 * restarted. A call is its owner's memory. It is answered once, from the loop and never from within fetch_client_ask(),
 * or cancelled. Of the calls that recorder-fetch lets wait (FETCH_WAITING_MAX) some are for spans and cameras only, so that a
 * hundred downloads that wait for bytes keep nobody from asking for what is there. If recorder-fetch cannot be reached, the answer is FETCH_UNAVAILABLE, as if it had said so.
 */
#ifndef FCGI_POOL_FETCH_CLIENT_H
#define FCGI_POOL_FETCH_CLIENT_H

#include <stdbool.h>
#include <sys/queue.h>

#include "shared/event/loop.h"
#include "shared/store/fetch_socket.h"

struct fetch_client;
struct fetch_call;

typedef void fetch_answered(struct fetch_call *call, const struct fetch_answer *answer);

/* Zeroed: not under way. */
struct fetch_call {
	struct fetch_request request; /* set by the owner, but for `magic` and `id` */
	fetch_answered *answered;     /* the call may be used again, or freed, in there */
	TAILQ_ENTRY(fetch_call) link;
	bool pending; /* asked, and not answered yet */
	bool sent;
};

/* `path` is that of the socket (config_fetch_socket), copied. Returns NULL without memory; destroying NULL is safe. */
struct fetch_client *fetch_client_create(struct loop *loop, const char *path);
void fetch_client_destroy(struct fetch_client *client);

void fetch_client_ask(struct fetch_client *client, struct fetch_call *call);

/* Safe for a call that is not pending. */
void fetch_client_cancel(struct fetch_client *client, struct fetch_call *call);

/* In a forked child: closes its copy of the connection. */
void fetch_client_close_copy(const struct fetch_client *client);

#endif
