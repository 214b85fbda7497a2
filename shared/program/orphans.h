/*
 * orphans.h - processes that a program has left behind.
 *
 * They become children of this process (PR_SET_CHILD_SUBREAPER of prctl(2)) and are killed, unless they are in the
 * process group of a program that still runs: nothing of a program outlives it.
 */
#ifndef SHARED_PROGRAM_ORPHANS_H
#define SHARED_PROGRAM_ORPHANS_H

#include <stdbool.h>
#include <sys/types.h>

/* From now on, orphans come to this process. */
void orphans_adopt(void);

/*
 * Kills and reaps them. `is_running(context, pid)` tells whether the process with that id is such a program,
 * or has this id as its process group and the program still runs. Returns true if some may be left: call it again after
 * some time, and whenever a child has ended (SIGCHLD). Never waits.
 */
bool orphans_kill(bool (*is_running)(void *context, pid_t pid), void *context);

/*
 * Kills and reaps all children of this process, and theirs, until there are none, but for at most two seconds: one may
 * hang in the kernel. For the end of this process, after which nobody would kill them.
 */
void orphans_kill_all(void);

#endif
