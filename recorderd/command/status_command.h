/*
 * status_command.h - recorderd --status: how recorders that run are doing, from what they publish in their rings.
 * Nothing is asked of them, and nothing is held up.
 */
#ifndef RECORDERD_COMMAND_STATUS_COMMAND_H
#define RECORDERD_COMMAND_STATUS_COMMAND_H

#include <stdio.h>

#include "shared/config/config.h"

/* Exit statuses; of several cameras the highest counts. */
enum status_outcome {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* what should be recorded is not */
	STATUS_ABSENT = 3, /* no recorder runs, or its ring cannot be read */
};

/*
 * Some lines a camera, or one JSON array with an object a camera: that of /camera_info without the list of devices, and
 * status (ok, warning, failed, absent), failures and warnings (sentences), and leftover (a sentence) where a recorder
 * that is gone has left memory. With `others` the lines also name the leftovers of cameras that are not among these;
 * they do not change the outcome.
 */
enum status_outcome status_print(FILE *to, const struct config *cameras, size_t count, bool json, bool others);

#endif
