/*
 * config_replace.h - writes a choice into recorder.ini, so that a start with it is certain to be possible.
 *
 * The new text is written to a hidden file beside the .ini, read again as a configuration, and synced; only then does
 * it take the place of the old file, which stays beside it as NAME.ini.previous. A power cut leaves one or the other.
 */
#ifndef RECORDERD_SETUP_CONFIG_REPLACE_H
#define RECORDERD_SETUP_CONFIG_REPLACE_H

#include "recorderd/setup/config_edit.h"

enum config_replace_outcome {
	CONFIG_REPLACED,
	CONFIG_REFUSED,    /* the choice is not a valid configuration, or the text cannot be edited */
	CONFIG_UNWRITABLE, /* this process may not write there */
};

/*
 * Edits the file of `running`. Sets *why unless it was replaced. May take as long as the disk, so it is not for the
 * event loop.
 */
enum config_replace_outcome config_replace(const struct config *running, const struct config_edit *edits, size_t count,
					   struct reason *why);

#endif
