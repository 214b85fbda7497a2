/*
 * master.h - the master of recorder-api: it holds the listening socket and keeps the workers running.
 *
 * It hands connections to its workers (handover.h), which are in groups (worker_groups.h). It touches no disk but
 * the one with its configuration.
 */
#ifndef FCGI_SERVER_MASTER_H
#define FCGI_SERVER_MASTER_H

#include "fcgi/server/server.h"
#include "shared/config/config.h"

struct master_setup {
	int listen_fd;
	struct config_set *config;
	const char *config_path; /* where `config` was read from; NULL: it never changes */
	mono_t config_read;      /* not before then */
	int workers;             /* front workers */
	int disk_workers;        /* per camera; 0: the front workers do their work */
	uint64_t retire_after;   /* requests that a worker handles */
	api_handler *dispatch;
};

/*
 * Runs until SIGTERM, SIGINT or SIGUSR1. Reads its configuration again on SIGHUP and when a recorder has done so;
 * if it changed, all workers retire. Workers that retire are replaced at once. Workers that die are replaced after
 * a pause, which doubles while they keep dying (100 ms to 1 s). Workers that have not ended some seconds after they
 * were told to, because a disk blocks them, are left to the kernel. Returns the exit status.
 */
int master_run(const struct master_setup *setup);

#endif
