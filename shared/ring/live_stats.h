/*
 * live_stats.h - what recorder-live counts, one object of POSIX shared memory a camera (/recorder.NAME.live, mode
 * 0640), so that recorder-api can print it at /metrics.
 *
 * The counters are added to by every recorder-live that serves the camera (two web servers, or one that is being
 * restarted), and go on where a killed one left them. Who watches now belongs to a program and ends with it: each has a
 * place with its process id, and the viewers of a dead one do not count. The last program to end removes the object.
 * One of that name that is not this user's, or that others may write to, is neither used nor removed: the counters have
 * another name then (shared/ring/shm_name.h), which is a line in the log.
 */
#ifndef SHARED_RING_LIVE_STATS_H
#define SHARED_RING_LIVE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/histogram.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

#define LIVE_STATS_MAGIC    UINT64_C(0x314b425652524353) /* "SCRRVBK1" */
#define LIVE_STATS_PROGRAMS 8

struct live_stats_program {
	_Atomic int32_t pid; /* 0: free */
	_Atomic int32_t viewers;
};

struct live_stats {
	_Atomic uint64_t magic;
	struct live_stats_program programs[LIVE_STATS_PROGRAMS];
	_Atomic uint64_t viewers_total; /* that ever came */
	_Atomic uint64_t refused;       /* all places were taken, or all that their address may have */
	_Atomic uint64_t frames;        /* sent whole */
	_Atomic uint64_t bytes;         /* FastCGI's included */
	_Atomic uint64_t skipped;       /* not sent to somebody since the next one was there already */
	struct histogram age;           /* from capture to the last byte given to the web server */
};

/* A program's own account with a camera's counters. */
struct live_stats_handle {
	struct live_stats *counters; /* never NULL once open */
	struct live_stats_program *own;
	struct live_stats_program spare; /* in place of one in the counters where all are taken */
	char name[72];                   /* empty: the counters are this program's alone, and nobody can read them */
};

/* False only where there is no memory. Where shared memory is not to be had it counts for itself and says so once. */
bool live_stats_open(struct live_stats_handle *account, const struct config *camera);

/* Gives the place back. Safe on a zeroed one. */
void live_stats_close(struct live_stats_handle *account);

/* The object as a file, and that file made: for a program that may not make any itself later. */
void live_stats_path(const struct config *camera, char out[PATH_MAX]);
void live_stats_create(const struct config *camera);

/* Whether a stranger has taken their usual name, with a sentence about it. */
bool live_stats_name_taken(const struct config *camera, struct reason *out);

/* Removes the object where no program is left that uses it. */
void live_stats_remove_unused(const struct config *camera);

/* A copy of a camera's counters as they are now; false where there are none. The caller believes nothing in it. */
bool live_stats_read(const struct config *camera, struct live_stats *out);

/* Viewers of the programs that are alive. */
uint64_t live_stats_viewers(const struct live_stats *counters);

#endif
