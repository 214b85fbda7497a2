/*
 * api_worker.h - one worker: a loop over new connections, those that it has, children and waiting requests.
 */
#ifndef FCGI_API_WORKER_H
#define FCGI_API_WORKER_H

#include "fcgi/api.h"
#include "fcgi/api_groups.h"
#include "fcgi/api_slots.h"
#include "fcgi/api_confine.h"
#include "shared/config.h"

struct worker_setup {
	int intake_fd; /* where connections come from: api_handover.h */
	int retire_fd; /* a byte is written to it when the worker accepts no more */
	const struct config_set *config;
	const struct config *disk; /* the camera whose folders it serves; NULL: a worker of the front */
	const struct api_groups *groups;
	struct api_slots *slots;
	int slot;
	const struct confinement *confinement;
	uint64_t retire_after; /* requests */
	api_handler *dispatch;
};

/*
 * Runs until SIGTERM, SIGINT or SIGUSR1 (what is under way gets 2 s), or until it has retired and its last download is
 * done; SIGHUP has it retire now. Returns the process's exit status.
 */
int worker_run(const struct worker_setup *setup);

#endif
