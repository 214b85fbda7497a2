/*
 * status_command.h - recorderd --status: how the running recorders are doing.
 *
 * It reads what they publish in their rings; it sends them no request and does not delay them.
 */
#ifndef RECORDERD_COMMAND_STATUS_COMMAND_H
#define RECORDERD_COMMAND_STATUS_COMMAND_H

#include <stdio.h>

#include "shared/config/config.h"

/* Exit statuses. With several cameras the highest one is returned. */
enum status_outcome {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* it does not record what it should */
	STATUS_ABSENT = 3, /* no recorder is running, or its ring cannot be read */
};

/*
 * Prints some lines per camera, or a JSON array with one object per camera: that of /camera_info without the list of
 * devices, and status (ok, warning, failed, absent), failures and warnings (sentences), and leftover (a sentence) if a
 * recorder that is gone has left memory. With `others` the lines also name the leftovers of other cameras, which do not
 * change the outcome.
 */
enum status_outcome status_print(FILE *to, const struct config *cameras, size_t count, bool json, bool others);

#endif
