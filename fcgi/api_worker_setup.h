/* api_worker_setup.h - what the master gives a worker. */
#ifndef FCGI_API_WORKER_SETUP_H
#define FCGI_API_WORKER_SETUP_H

#include <stdint.h>

#include "fcgi/api.h"
#include "fcgi/api_confine.h"
#include "fcgi/api_groups.h"
#include "fcgi/api_slots.h"
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

#endif
