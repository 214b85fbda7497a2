/*
 * instance_lock.h - allows one recorder per user and camera name.
 *
 * The lock is a flock(2) on the folder NAME.lock in the user's folder (shared/ring/user_folder.h). The kernel releases
 * it however the process ends.
 *
 * No other user can open that folder. Nor can the sandboxed workers (fcgi/sandbox/program_sandbox.h): they may read
 * files in /dev/shm, but may not open folders there. They could lock the ring, since they read it, so the lock is not
 * on the ring.
 */
#ifndef RECORDERD_LOCK_INSTANCE_LOCK_H
#define RECORDERD_LOCK_INSTANCE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"

/*
 * Returns a descriptor that holds the lock until it is closed or the process ends, or -1 and sets *why. Waits up to a
 * second for a process that holds the lock only for a moment.
 */
int instance_lock_take(const char *camera, struct reason *why);

/* False if somebody removed the folder: another recorder could then take the lock, too. */
bool instance_lock_is_intact(int lock, const char *camera);

/* Closes the descriptor and removes the folder. -1 is safe. */
void instance_lock_release(int lock, const char *camera);

enum instance_lock_state {
	INSTANCE_LOCK_FREE,
	INSTANCE_LOCK_HELD,
	INSTANCE_LOCK_UNKNOWN, /* this user has no permission to look */
};

/* Whether a recorder of that user has the lock right now. */
enum instance_lock_state instance_lock_query(uid_t owner, const char *camera);

#endif
