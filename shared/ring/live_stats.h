/*
 * live_stats.h - the counters of recorder-live, in shared memory, so that recorder-api can print them at /metrics.
 *
 * There is one object of POSIX shared memory per camera (/recorder.NAME.live, mode 0640). Every recorder-live that
 * serves the camera adds to the same counters (there may be two web servers, or one that is being restarted), and they
 * continue where a killed one left them. The number of viewers belongs to one process and ends with it: each process
 * has an entry with its process id, and the viewers of a dead one do not count. The last process to exit removes the
 * object.
 *
 * An object of that name that belongs to another user, or that others may write to, is neither used nor removed. The
 * counters then have another name (shared/ring/shm_name.h), and the log says so.
 */
#ifndef SHARED_RING_LIVE_STATS_H
#define SHARED_RING_LIVE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/histogram.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

#define LIVE_STATS_MAGIC      UINT64_C(0x314b425652524353) /* "SCRRVBK1" */
#define LIVE_STATS_PROGRAMS   8
#define LIVE_STATS_NAME_BYTES 72

struct live_stats_program {
	_Atomic int32_t pid; /* 0: the entry is free */
	_Atomic int32_t viewers;
};

struct live_stats {
	_Atomic uint64_t magic;
	struct live_stats_program programs[LIVE_STATS_PROGRAMS];
	_Atomic uint64_t viewers_total; /* since the object was created */
	_Atomic uint64_t refused;       /* the limit on all viewers, or on those of one address, was reached */
	_Atomic uint64_t frames;        /* sent completely */
	_Atomic uint64_t bytes;         /* including FastCGI's headers */
	_Atomic uint64_t skipped;       /* not sent to a viewer because the next frame was already there */
	struct histogram age;           /* from capture until the last byte went to the web server */
};

/* What one process uses to count. It points into itself and must not move while it is open. */
struct live_stats_handle {
	struct live_stats *counters; /* never NULL while open */
	struct live_stats_program *own;
	struct live_stats_program spare;  /* `own` points here if all entries of the object are in use */
	char name[LIVE_STATS_NAME_BYTES]; /* empty: the counters are private to this process */
};

/*
 * Returns false only if there is no memory. If shared memory is not available, the process counts privately and logs
 * that once.
 */
bool live_stats_open(struct live_stats_handle *handle, const struct config *camera);

/* Frees the entry of this process. Safe on a zeroed handle. */
void live_stats_close(struct live_stats_handle *handle);

/* The object as a file. The second also creates it, for a process that may not create files later. */
void live_stats_path(const struct config *camera, char out[PATH_MAX]);
void live_stats_create(const struct config *camera);

/* Whether another user has taken the usual name. Sets *out to a sentence about it if so. */
bool live_stats_name_taken(const struct config *camera, struct reason *out);

/* Removes the object if no running process uses it. */
void live_stats_remove_unused(const struct config *camera);

/* Copies the current counters of a camera; false if there are none. The caller must not trust any value in the copy. */
bool live_stats_read(const struct config *camera, struct live_stats *out);

/* The viewers of all running processes. */
uint64_t live_stats_viewers(const struct live_stats *counters);

#endif
