/*
 * program_limits.h - what a program that the .ini names may use.
 *
 *     memory      so much data per process (RLIMIT_DATA), and eight times as many addresses (RLIMIT_AS)
 *     processes   64 more than the user has now (RLIMIT_NPROC), which does not hold for root
 *     files       1 GiB each (RLIMIT_FSIZE), 256 open ones, no core files
 *     processor   for a hook less of it than others (setpriority(2))
 *
 * A service manager limits all of them together as well (deploy/systemd/recorder-hooks@.service,
 * recorder-source@.service).
 */
#ifndef SHARED_PROGRAM_PROGRAM_LIMITS_H
#define SHARED_PROGRAM_PROGRAM_LIMITS_H

#include <stdint.h>

struct program_limits {
	uint64_t data_mib; /* per process; 0: no limit */
	int niceness;      /* 0: as this process */
	uint64_t tasks;    /* program_limits_tasks() */
};

/* How many tasks this user may have while a program runs. Counts those that there are now. */
uint64_t program_limits_tasks(void);

/* Limits this process, and what it executes. Async-signal-safe. What the kernel refuses stays as it was. */
void program_limits_enter(const struct program_limits *limits);

#endif
