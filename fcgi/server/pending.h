/*
 * pending.h - connections whose request has not come whole yet. A worker waits for none of them: a web server may
 * send a request in several writes (Apache does), and a peer that sends half of one is closed after a second.
 */
#ifndef FCGI_SERVER_PENDING_H
#define FCGI_SERVER_PENDING_H

#include "fcgi/server/request.h"

/*
 * Takes one connection off the listening socket, and begins its request (request.h) once that is there. False with
 * errno where there is none to take.
 */
bool pending_accept(struct api_worker *worker);

/* Closes all of them. */
void pending_close_all(struct api_worker *worker);

/* In a forked child: only its copies of their descriptors. */
void pending_close_copies(const struct api_worker *worker);

#endif
