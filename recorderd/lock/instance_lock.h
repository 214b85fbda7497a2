/*
 * instance_lock.h - one recorder a camera name and user: a lock (flock(2)) on the folder NAME.lock in the user's folder
 * (shared/ring/user_folder.h). The kernel takes it back however the process ends.
 *
 * No other user can open that folder, and no worker in its sandbox can (fcgi/sandbox/program_sandbox.h): it may read
 * files in /dev/shm, but open no folder there. A lock on the ring would be theirs to take, since they read that.
 */
#ifndef RECORDERD_LOCK_INSTANCE_LOCK_H
#define RECORDERD_LOCK_INSTANCE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "shared/base/reason.h"

/*
 * Held until the descriptor is closed or the process ends, however it ends. -1 with a sentence. Waits up to a second
 * for one who only holds it for a moment.
 */
int instance_lock_take(const char *camera, struct reason *why);

/* False where somebody removed the folder: another recorder could take the lock too. */
bool instance_lock_is_intact(int lock, const char *camera);

/* Closes it and leaves nothing behind. -1 is safe. */
void instance_lock_release(int lock, const char *camera);

enum instance_lock_state {
	INSTANCE_LOCK_FREE,
	INSTANCE_LOCK_HELD,
	INSTANCE_LOCK_UNKNOWN, /* this user may not look */
};

/* Whether a recorder of that user has it at this moment. */
enum instance_lock_state instance_lock_query(uid_t owner, const char *camera);

#endif
