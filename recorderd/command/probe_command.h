/* probe_command.h - recorderd --probe: what this machine can encode. */
#ifndef RECORDERD_COMMAND_PROBE_COMMAND_H
#define RECORDERD_COMMAND_PROBE_COMMAND_H

#include <stdio.h>

#include "shared/config/config.h"

/*
 * Measures, for each camera, its configured size and rate with the configured encoder, then what else could help: a
 * faster preset, a smaller picture, a hardware encoder. Takes some seconds per line that it prints. Returns the exit
 * status: 0, or 1 if the configuration of a camera asks for more than this machine encodes.
 */
int probe_command(FILE *to, const struct config *cameras, size_t count);

#endif
