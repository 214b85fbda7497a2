/* worker_setup.h - what the master gives a worker. */
#ifndef FCGI_SERVER_WORKER_SETUP_H
#define FCGI_SERVER_WORKER_SETUP_H

#include <stdint.h>

#include "fcgi/pool/worker_groups.h"
#include "fcgi/pool/worker_sandbox.h"
#include "fcgi/pool/worker_slots.h"
#include "fcgi/server/server.h"
#include "shared/config/config.h"

/* Nothing is owned. */
struct worker_setup {
	int handover_fd; /* where connections come from: handover.h */
	int retire_fd;   /* the worker writes a byte to it when it accepts no more requests */
	const struct config_set *config;
	const struct config *disk; /* the camera whose folders it serves; NULL: a front worker */
	const char *fetch_path;    /* recorder-fetch's socket, if it serves the remote cameras; else NULL */
	const struct worker_groups *groups;
	struct worker_slots *slots;
	int slot;
	const struct worker_sandbox *sandbox;
	uint64_t retire_after; /* requests */
	api_handler *dispatch;
};

#endif
