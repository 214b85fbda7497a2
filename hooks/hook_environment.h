/*
 * hook_environment.h - the environment of a hook's program: fixed, whatever that of recorder-hooks is.
 *
 *     PATH              /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
 *     HOME, LANG, TZ, CREDENTIALS_DIRECTORY
 *                       as recorder-hooks has them; without a HOME it is /, without a LANG C.UTF-8
 *     RECORDER_CAMERA   the camera's name
 *     RECORDER_HOOK     the name of the hook
 *     RECORDER_EVENT    the kind of the notification, as in its "event"
 *     RECORDER_SKIPPED  how many notifications the hook was not run for since the one before: those within its
 *                       quiet_seconds, and those that found its queue full
 *
 * What comes from the camera or from the network is in none of them.
 */
#ifndef HOOKS_HOOK_ENVIRONMENT_H
#define HOOKS_HOOK_ENVIRONMENT_H

#include <limits.h>
#include <stdint.h>

#include "shared/notify/notification.h"

#define HOOK_ENVIRONMENT_COUNT 10

struct hook_environment {
	const char *variables[HOOK_ENVIRONMENT_COUNT]; /* ends with NULL; leads into the struct, which must not move */
	char home[PATH_MAX], language[64], zone[PATH_MAX], credentials[PATH_MAX];
	char camera[64], hook[64], event[64], skipped[40];
};

void hook_environment_set(struct hook_environment *environment, const char *camera, const char *hook,
			  enum notification_kind kind, uint64_t skipped);

#endif
