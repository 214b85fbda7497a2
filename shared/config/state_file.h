/* state_file.h - where a recorder remembers something from one run to the next. */
#ifndef SHARED_CONFIG_STATE_FILE_H
#define SHARED_CONFIG_STATE_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "shared/config/config.h"

/*
 * The path of the file NAME.WHAT in the first folder of $STATE_DIRECTORY (set by systemd, separated by colons) that
 * does not contain the recordings, or else of .NAME.WHAT beside the .ini file; NAME is camera.name. False if there is
 * no place for it.
 */
bool state_file_path(const struct config *config, const char *what, char out[PATH_MAX]);

#endif
