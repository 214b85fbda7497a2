/*
 * program_limits.h - what the program of a hook may use.
 *
 *     memory      512 MiB of data per process (RLIMIT_DATA), 4 GiB of addresses (RLIMIT_AS)
 *     processes   64 more than the user has now (RLIMIT_NPROC), which does not hold for root
 *     files       1 GiB each (RLIMIT_FSIZE), 256 open ones, no core files
 *     processor   less of it than others (setpriority(2))
 *
 * A service manager limits all of them together as well (deploy/systemd/recorder-hooks@.service).
 */
#ifndef HOOKS_PROGRAM_LIMITS_H
#define HOOKS_PROGRAM_LIMITS_H

#include <stdint.h>

/* How many tasks this user may have while a program runs. Counts those that there are now. */
uint64_t program_limits_tasks(void);

/* Limits this process, and what it executes. Async-signal-safe. What the kernel refuses stays as it was. */
void program_limits_enter(uint64_t tasks);

#endif
