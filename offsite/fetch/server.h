/*
 * server.h - the socket on which workers ask (shared/store/fetch_socket.h).
 *
 * It runs in the main thread, which never waits for the store: what has to be asked there becomes a job of the pool.
 * Nobody but this user, root and the group of the socket may connect. A worker that sends what is no request, or does
 * not read its answers, loses its connection.
 */
#ifndef OFFSITE_FETCH_SERVER_H
#define OFFSITE_FETCH_SERVER_H

#include "offsite/fetch/thread_pool.h"
#include "shared/event/loop.h"

struct fetch_server;

/* Listens, before the sandbox is entered, which allows no new sockets. `loop` must outlive it. NULL: it sets *why. */
struct fetch_server *fetch_server_open(struct loop *loop, const char *path, struct reason *why);

/* Answers from now on. Both must outlive it. Returns false and sets *why. */
bool fetch_server_start(struct fetch_server *server, struct fetcher *fetcher, struct thread_pool *pool,
			struct reason *why);

/* Whether the socket still has its name. */
bool fetch_server_is_there(const struct fetch_server *server);

/* After the pool was closed. NULL is safe. */
void fetch_server_close(struct fetch_server *server);

#endif
