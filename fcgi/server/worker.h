/* worker.h - one worker: a loop over new connections, requests and their child processes. */
#ifndef FCGI_SERVER_WORKER_H
#define FCGI_SERVER_WORKER_H

#include "fcgi/server/worker_setup.h"

/*
 * Runs until SIGTERM, SIGINT or SIGUSR1 (requests under way then get 2 s), or until the worker has retired and its
 * last download has ended. SIGHUP makes it retire now. Returns the exit status of the process.
 */
int worker_run(const struct worker_setup *setup);

#endif
