/*
 * hook_set.h - all hooks of a camera, as its configuration has them.
 *
 * A hook keeps what runs and waits when its settings change. One that was removed from the configuration ends its
 * program, and takes no more notifications.
 */
#ifndef HOOKS_HOOK_SET_H
#define HOOKS_HOOK_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "hooks/hook.h"

struct hook_set {
	struct loop *loop;
	struct hook *hooks[CONFIG_HOOKS_MAX]; /* in the order of the configuration */
	size_t count;
	struct hook *removed[CONFIG_HOOKS_MAX]; /* that still run */
	size_t removed_count;
	void (*idle)(void *context); /* nothing runs and nothing waits any more; NULL: nobody asks */
	void *context;
};

/* Makes the hooks those of the configuration. If that is not valid, returns false, sets *why, and changes nothing. */
bool hook_set_configure(struct hook_set *set, const struct config *config, struct reason *why);

void hook_set_notify(struct hook_set *set, enum notification_kind kind, wall_t at, const char *json, size_t bytes);
void hook_set_add_motion(struct hook_set *set, const struct motion_record *record);
void hook_set_tick(struct hook_set *set);

/* Whether any of them has a motion rule of its own. */
bool hook_set_needs_motion(const struct hook_set *set);

bool hook_set_is_idle(const struct hook_set *set);

/* Kills and reaps what programs have left behind (orphans.h). Returns true if it has to be called again later. */
bool hook_set_kill_orphans(struct hook_set *set);

/* Kills what runs, and frees the hooks. */
void hook_set_close(struct hook_set *set);

#endif
