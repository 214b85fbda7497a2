/*
 * worker.h - one worker: a loop over new connections, those that it has, children and waiting requests.
 */
#ifndef FCGI_SERVER_WORKER_H
#define FCGI_SERVER_WORKER_H

#include "fcgi/server/worker_setup.h"

/*
 * Runs until SIGTERM, SIGINT or SIGUSR1 (what is under way gets 2 s), or until it has retired and its last download is
 * done; SIGHUP has it retire now. Returns the process's exit status.
 */
int worker_run(const struct worker_setup *setup);

#endif
