/* name_lock.h - one recorder a camera name on this machine. */
#ifndef RECORDERD_NAME_LOCK_H
#define RECORDERD_NAME_LOCK_H

#include <stdbool.h>

#include "shared/reason.h"

/* Held until the descriptor is closed or the process ends, however it ends. -1 with a sentence. */
int name_lock_take(const char *camera, struct reason *why);

/* Whether somebody has it at this moment, whoever that is. Takes nothing itself, so that a start is not held up. */
bool name_lock_held(const char *camera);

#endif
