/* report_command.h - recorderd --report DAYS: how much was recorded on each day, and what is missing. */
#ifndef RECORDERD_COMMAND_REPORT_COMMAND_H
#define RECORDERD_COMMAND_REPORT_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include "shared/config/config.h"

#define REPORT_DAYS_MAX 3660

/*
 * Prints, for each camera, the days of local time from `days` - 1 days ago until now, with the recorded share, the gaps
 * and their causes. `days` is text from the command line. Returns the exit status: 0, 1 if an archive cannot be read,
 * 2 if `days` is not a number from 1 to REPORT_DAYS_MAX.
 */
int report_command(FILE *to, const struct config *cameras, size_t count, const char *days);

#endif
