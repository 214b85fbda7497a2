/* reload.c - see reload.h. */
#include "recorderd/reload.h"

#include <stdlib.h>

#include "shared/base/log.h"

static void say_changes(const struct config *config, const struct config_changes *changes)
{
	if (changes->applied[0])
		log_info("main", "%s was read again, and taken: %s", config->file, changes->applied);
	else
		log_info("main", "%s was read again: there is nothing new to take", config->file);
	if (changes->needs_restart[0])
		log_warn("main", "the recorder needs a restart for what changed of: %s", changes->needs_restart);
}

bool reload(struct config *running, struct archive *archive, struct capture *capture)
{
	struct config *fresh = malloc(sizeof(*fresh));
	struct config_changes changes;
	struct reason why = {"no memory"};
	bool good = fresh && config_reload(running, fresh, &why);

	if (!good) {
		log_error("main", "%s; the settings stay as they were", why.text);
		goto out;
	}
	config_apply(running, fresh, &changes);
	say_changes(running, &changes);
	log_set_level(running->log_level);
	archive_set_retention(archive, &running->retention);
	if (changes.controls)
		capture_set_controls(capture, running);
out:
	free(fresh);
	return good;
}
