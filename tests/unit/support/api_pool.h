/* api_pool.h - a recorder-api with a master and workers, and a client for it, for the tests of the pool. */
#ifndef TESTS_UNIT_SUPPORT_API_POOL_H
#define TESTS_UNIT_SUPPORT_API_POOL_H

#include <sys/types.h>

#include "fcgi/server/master.h"
#include "fcgi/server/response.h"

#define WORKERS       2
#define RETIRE_AFTER  20
#define BIG_BYTES     (8u << 20)
#define DOWNLOADS_MAX 3
#define CAMERAS       3

/* The running pool, from pool_start(). */
extern struct pool {
	struct config configs[CAMERAS];
	struct config_set cameras; /* of `configs` */
	char socket_path[108];
	pid_t master;
} pool;

/* Handlers for pool_start(): respond with the worker's process id as text, and with BIG_BYTES of zeros. */
void pool_respond_pid(struct api_request *request);
void pool_respond_big(struct api_request *request);

/* Starts a master with WORKERS workers, which pass requests to `dispatch`. End it with pool_stop(). */
void pool_start(api_handler *dispatch);

/* Ends the master, which must exit with 0. */
void pool_stop(void);

/* Reads the answer to its end and closes fd. Returns the terminated body, "" if there is none; the caller frees it. */
struct buffer pool_body_of(int fd);

/* Reads until the headers are complete, and returns them terminated; the caller frees them. fd stays open. */
struct buffer pool_head_of(int fd);

/*
 * Asks until a download is accepted, because the pool notices only later that others have ended. The caller closes it.
 */
int pool_download(const char *uri);

/* The process id of the worker that answers /pid. */
pid_t pool_ask_pid(void);

/* Calls `each` with every worker; returns the sum of the results. */
int pool_each_worker(int (*each)(pid_t worker));

#endif
