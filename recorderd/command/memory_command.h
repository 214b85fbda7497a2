/* memory_command.h - recorderd --leftovers and --free-memory: the memory that killed recorders have left. */
#ifndef RECORDERD_COMMAND_MEMORY_COMMAND_H
#define RECORDERD_COMMAND_MEMORY_COMMAND_H

#include <stdio.h>

/* Prints one line per leftover on this machine. Returns the exit status, 0. */
int memory_command_list(FILE *to);

/*
 * Frees the ring of the camera of that name. If `camera` is NULL, frees the rings of all cameras that the file `config`
 * (or the files of that directory) configures, and all rings whose recorders were started with it, even if it is
 * invalid or gone by now. Prints what it did. Returns the exit status: 0, or 1 if a ring could not be freed.
 */
int memory_command_free(const char *config, const char *camera);

#endif
