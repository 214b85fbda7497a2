/* memory_command.h - recorderd --leftovers and --free-memory: what killed recorders have left in memory. */
#ifndef RECORDERD_COMMAND_MEMORY_COMMAND_H
#define RECORDERD_COMMAND_MEMORY_COMMAND_H

#include <stdio.h>

/* A line for each leftover of this machine; none where there is none. Returns 0. */
int memory_command_list(FILE *to);

/*
 * Frees the ring of the camera of that name. Where `camera` is NULL: the rings of all cameras that the file `config`
 * configures (or the files of that directory), and those that have said that they belong to it, also where it is broken
 * or gone. Says what it did. 0, or 1 where a ring could not be freed.
 */
int memory_command_free(const char *config, const char *camera);

#endif
