/* api_pool.h - what the tests of recorder-api's pool share: a master with its workers, and a client of theirs. */
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

/* The one that runs, of pool_start(). */
extern struct pool {
	struct config configs[CAMERAS];
	struct config_set cameras; /* of those */
	char socket_path[108];
	pid_t master;
} pool;

/* Handlers for pool_start(): the worker's process id as text, and BIG_BYTES of zeros. */
void pool_answer_pid(struct api_request *request);
void pool_answer_big(struct api_request *request);

/* Starts a master with WORKERS workers whose requests go to `dispatch`. pool_stop() ends it. */
void pool_start(api_handler *dispatch);

/* Ends the master, which must exit with 0. */
void pool_stop(void);

/* Reads the answer to its end and closes fd: the body, terminated; "" where there was none. The caller's to finish. */
struct buffer pool_body_of(int fd);

/* Reads until the head of the answer has come; terminated, the caller's to finish. fd stays open. */
struct buffer pool_head_of(int fd);

/* Asks until a download begins: places come back when the pool has noticed. Its descriptor, the caller's. */
int pool_download(const char *uri);

/* Process id of the worker that answered /pid. */
pid_t pool_ask_pid(void);

/* Calls `each` with every worker; the sum of what it returned. */
int pool_each_worker(int (*each)(pid_t worker));

#endif
