/*
 * hook_rule.h - what a section [hook NAME] asks for: which notifications, when, and what counts as movement.
 *
 * `events` is a list of kinds (notification_kind_text()), separated by blanks or commas, or `all`. `area` and `not` are
 * lists of areas (shared/motion/motion_area.h), separated by blanks. A hook with an area, a not or a strength other
 * than faint has a rule of its own for motion events, which are found in the motion records of the camera by the rule of
 * shared/motion/motion_event.h; without these, it follows the recorder's own notifications of motion.
 */
#ifndef SHARED_NOTIFY_HOOK_RULE_H
#define SHARED_NOTIFY_HOOK_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/config/config.h"
#include "shared/motion/motion_event.h"
#include "shared/notify/notification.h"
#include "shared/text/week_hours.h"

struct hook_rule {
	uint32_t kinds; /* bit n: enum notification_kind n */
	bool has_hours;
	struct week_hours hours;
	bool own_motion;
	struct motion_event_rule motion; /* if it has a rule of its own */
};

/* Returns false and sets *why, which names the file, the section and the key. */
bool hook_rule_read(const struct config *config, const struct config_hook *hook, struct hook_rule *out,
		    struct reason *why);

/* Whether all hooks of a configuration have valid rules. Returns false and sets *why. */
bool hook_rules_check(const struct config *config, struct reason *why);

/* Whether a hook is started for a notification of that kind, at that time. */
bool hook_rule_wants(const struct hook_rule *rule, enum notification_kind kind, wall_t at);

#endif
