/* reload.c - reads the configuration again and applies it. */
#include "recorderd/reload.h"

#include <stdlib.h>

#include "recorderd/rewrite/privacy_mask.h"
#include "shared/base/log.h"
#include "shared/notify/hook_rule.h"

static void log_changes(const struct config *config, const struct config_changes *changes)
{
	if (changes->applied[0])
		log_info("main", "%s was read again; applied: %s", config->file, changes->applied);
	else
		log_info("main", "%s was read again; nothing to apply", config->file);
	if (changes->needs_restart[0])
		log_warn("main", "these changes need a restart: %s", changes->needs_restart);
}

bool reload(struct config *running, struct archive *archive, struct capture *capture, bool *mask_changed)
{
	struct config *fresh = malloc(sizeof(*fresh));
	struct reason why = {"out of memory"};
	bool valid = fresh && config_reload(running, fresh, &why) && hook_rules_check(fresh, &why) &&
		     privacy_mask_check(fresh, &why);

	if (!valid) {
		log_error("main", "%s; the settings stay as they were", why.text);
		goto out;
	}

	struct config_changes changes;

	config_apply(running, fresh, &changes);
	*mask_changed = changes.masks;
	log_changes(running, &changes);
	log_set_level(running->log_level);
	archive_set_retention(archive, &running->retention);
	archive_set_motion_days(archive, running->motion.days);
	if (changes.controls)
		capture_set_controls(capture, running);
out:
	free(fresh);
	return valid;
}
