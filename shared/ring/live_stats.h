/*
 * live_stats.h - what recorder-live counts, one object of POSIX shared memory a camera (/recorder.NAME.live, mode
 * 0640), so that recorder-api can print it at /metrics.
 *
 * The counters are added to by every recorder-live that serves the camera (two web servers, or one that is being
 * restarted), and go on where a killed one left them. Who watches now belongs to a program and ends with it: each has a
 * place with its process id, and the viewers of a dead one do not count. The last program to end removes the object.
 * One of that name that is not this user's, or that others may write to, is neither used nor removed: the books have
 * another name then (shared/ring/shm_name.h), which is a line in the log.
 */
#ifndef SHARED_RING_LIVE_STATS_H
#define SHARED_RING_LIVE_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/histogram.h"
#include "shared/base/reason.h"
#include "shared/config/config.h"

#define LIVE_BOOKS_MAGIC    UINT64_C(0x314b425652524353) /* "SCRRVBK1" */
#define LIVE_BOOKS_PROGRAMS 8

struct live_program {
	_Atomic int32_t pid; /* 0: free */
	_Atomic int32_t viewers;
};

struct live_books {
	_Atomic uint64_t magic;
	struct live_program programs[LIVE_BOOKS_PROGRAMS];
	_Atomic uint64_t viewers_total; /* that ever came */
	_Atomic uint64_t refused;       /* all places were taken, or all that their address may have */
	_Atomic uint64_t frames;        /* sent whole */
	_Atomic uint64_t bytes;         /* FastCGI's included */
	_Atomic uint64_t skipped;       /* not sent to somebody since the next one was there already */
	struct histogram age;           /* from capture to the last byte given to the web server */
};

/* A program's own account with a camera's books. */
struct live_account {
	struct live_books *books; /* never NULL once open */
	struct live_program *own;
	struct live_program spare; /* in place of one in the books where all are taken */
	char name[72];             /* empty: the books are this program's alone, and nobody can read them */
};

/* False only where there is no memory. Where shared memory is not to be had it counts for itself and says so once. */
bool live_account_open(struct live_account *account, const struct config *camera);

/* Gives the place back. Safe on a zeroed one. */
void live_account_close(struct live_account *account);

/* The object as a file, and that file made: for a program that may not make any itself later. */
void live_books_path(const struct config *camera, char out[PATH_MAX]);
void live_books_make(const struct config *camera);

/* Whether a stranger has taken their usual name, with a sentence about it. */
bool live_books_displaced(const struct config *camera, struct reason *out);

/* Removes the object where no program is left that uses it. */
void live_books_sweep(const struct config *camera);

/* A copy of a camera's books as they are now; false where there are none. The caller believes nothing in it. */
bool live_books_read(const struct config *camera, struct live_books *out);

/* Viewers of the programs that are alive. */
uint64_t live_books_viewers(const struct live_books *books);

#endif
