/* master_internal.h - what the master's loop (master.c) and its handling of workers (master_workers.c) share. */
#ifndef FCGI_SERVER_MASTER_INTERNAL_H
#define FCGI_SERVER_MASTER_INTERNAL_H

#include "fcgi/io/config_watch.h"
#include "fcgi/pool/handover.h"
#include "fcgi/pool/worker_groups.h"
#include "fcgi/server/master.h"
#include "shared/base/backoff.h"
#include "shared/event/loop.h"

struct master {
	struct master_setup setup;
	struct loop *loop;
	struct loop_watch signals, retirements;
	struct loop_watch listener, room; /* one of the two is watched, for the hand-over */
	struct loop_timer check;          /* the configuration, and whether groups hang */
	struct loop_timer fork_again;     /* armed: no fork before then */
	struct loop_timer accept_again;   /* armed: no accept before then */
	struct loop_timer kill_again, stop_limit;
	struct handover handover;
	struct worker_groups groups;
	uint32_t generation; /* of the configuration */
	mono_t log_again_at;
	struct worker_slots *slots;
	int retire_fds[2];        /* workers write a byte when they retire */
	struct backoff fork_wait; /* while workers die one after the other */
	mono_t died_at;
	struct config_watch follow;
	char remote[REMOTE_CAMERAS_MAX][CONFIG_NAME_BYTES]; /* the cameras of the store that the workers have */
	uint64_t remote_change;                             /* of remote_board_names() */
	bool stopping;
	bool stop_over;
};

#define FORK_WAIT_MIN_US (100 * US_PER_MS)
#define FORK_WAIT_MAX_US US_PER_S

static inline void master_timer(struct master *master, struct loop_timer *timer, int64_t in_us)
{
	loop_timer_set(master->loop, timer, (mono_t){mono_now().us + in_us});
}

/* Forks the workers that are missing, unless that has to wait. Does not return in a worker. */
void workers_fill(struct master *master);

/*
 * Reaps workers that have ended. Those that failed are logged, and the next fork waits unless it is the first
 * failure.
 */
void workers_reap(struct master *master);

void workers_signal(const struct master *master, int number);
int workers_alive(const struct master *master);

#endif
