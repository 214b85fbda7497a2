/*
 * master.h - the master: it alone holds the listening socket, and keeps workers that it hands connections to
 * (handover.h), in groups (worker_groups.h). It touches no disk but that of its configuration.
 */
#ifndef FCGI_SERVER_MASTER_H
#define FCGI_SERVER_MASTER_H

#include "fcgi/server/server.h"
#include "shared/config/config.h"

struct master_setup {
	int listen_fd;
	struct config_set *config;
	const char *config_path; /* where `config` was read; NULL: it stays as it is */
	mono_t config_read;      /* when: after this */
	int workers;             /* of the front */
	int disk_workers;        /* of each camera; 0: the front does their work itself */
	uint64_t retire_after;   /* requests a worker takes */
	api_handler *dispatch;
};

/*
 * Runs until SIGTERM, SIGINT or SIGUSR1. At SIGHUP, and when a recorder has read its configuration again, so does the
 * master; where it has changed, all workers retire. Workers that retire are replaced at once, workers that die after a
 * pause that doubles while they go on dying (100 ms to 1 s). Workers that have not ended some seconds after they were
 * told to, since a disk holds them up, are left to the kernel. Returns the exit status.
 */
int master_run(const struct master_setup *setup);

#endif
