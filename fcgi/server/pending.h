/*
 * pending.h - connections whose request has not arrived completely yet.
 *
 * The worker blocks on none of them: a web server may send a request in several writes (Apache does). One that is
 * still incomplete after a second is closed.
 */
#ifndef FCGI_SERVER_PENDING_H
#define FCGI_SERVER_PENDING_H

#include "fcgi/server/request.h"

/*
 * Accepts one connection from the master or a front worker, and begins its request as soon as that is complete.
 * False with errno if there is no connection to accept.
 */
bool pending_accept(struct api_worker *worker);

/* Closes all pending connections. */
void pending_close_all(struct api_worker *worker);

/* In a forked child: closes the child's copies of their descriptors. */
void pending_close_copies(const struct api_worker *worker);

#endif
