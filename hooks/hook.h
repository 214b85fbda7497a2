/*
 * hook.h - one hook: which notifications it is run for, and running its program for one after the other.
 *
 * The program never runs twice at once. While it runs, up to HOOK_QUEUE notifications wait; a further one replaces the
 * oldest. Within quiet_seconds of the time of a notification for which it was run, or waits to be, others of the same
 * kind are skipped. The program is told how many were skipped.
 *
 * A hook with a motion rule of its own (hook_rule.h) makes its own notifications of motion, from motion records.
 */
#ifndef HOOKS_HOOK_H
#define HOOKS_HOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/hook_environment.h"
#include "hooks/hook_process.h"
#include "hooks/hook_queue.h"
#include "shared/config/config.h"
#include "shared/motion/motion_live.h"
#include "shared/notify/hook_rule.h"
#include "shared/program/program_words.h"

struct hook {
	char camera[CONFIG_NAME_BYTES];
	struct config_hook config;
	struct hook_rule rule;
	struct program_words words; /* of `run` */

	struct hook_queue queue;
	struct hook_process process;
	struct hook_environment environment;
	int64_t quiet_until_us[NOTIFICATION_KINDS], quiet_from_us[NOTIFICATION_KINDS]; /* wall times; 0: not quiet */
	uint64_t skipped;                                                              /* since it was run last */
	bool queue_was_full;

	struct motion_live motion; /* of its own rule */
	uint64_t series, number;   /* of its own notifications */

	void (*idle)(void *context, struct hook *hook); /* its program has ended, and nothing waits */
	void *context;
};

/*
 * A hook of that configuration, whose rule is valid (hook_rules_check). Returns NULL and sets *why if `run` has too
 * many arguments, or if memory is short.
 */
struct hook *hook_create(struct loop *loop, const struct config *config, const struct config_hook *settings,
			 struct reason *why);

/* Takes over changed settings. What runs and waits is not affected. Returns false and sets *why. */
bool hook_configure(struct hook *hook, const struct config *config, const struct config_hook *settings,
		    struct reason *why);

/* The recorder tells something: one line of JSON, as notification.h has it. */
void hook_notify(struct hook *hook, enum notification_kind kind, wall_t at, const char *json, size_t bytes);

/* A motion record has come. */
void hook_add_motion(struct hook *hook, const struct motion_record *record);

/* About once per second: a motion event ends when no records come. */
void hook_tick(struct hook *hook);

bool hook_is_idle(const struct hook *hook);

/* Forgets what waits. */
void hook_forget(struct hook *hook);

/* Kills its program. NULL is safe. */
void hook_destroy(struct hook *hook);

#endif
