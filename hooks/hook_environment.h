/*
 * hook_environment.h - the environment of a hook's program: that of any program (program_environment.h), and
 *
 *     RECORDER_HOOK     the name of the hook
 *     RECORDER_EVENT    the kind of the notification, as in its "event"
 *     RECORDER_SKIPPED  how many notifications the hook was not run for since the one before: those within its
 *                       quiet_seconds, and those that found its queue full
 *
 * What comes from the camera or from the network is in none of them.
 */
#ifndef HOOKS_HOOK_ENVIRONMENT_H
#define HOOKS_HOOK_ENVIRONMENT_H

#include <stdint.h>

#include "shared/notify/notification.h"
#include "shared/program/program_environment.h"

/* It must not move. */
struct hook_environment {
	struct program_environment common; /* its variables are those of the hook */
	char hook[64], event[64], skipped[40];
};

void hook_environment_set(struct hook_environment *environment, const char *camera, const char *hook,
			  enum notification_kind kind, uint64_t skipped);

#endif
