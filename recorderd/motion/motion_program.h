/* motion_program.h - where recorder-motion is. */
#ifndef RECORDERD_MOTION_MOTION_PROGRAM_H
#define RECORDERD_MOTION_MOTION_PROGRAM_H

#include <limits.h>

/*
 * The path of recorder-motion: beside the running recorderd, where both are installed, or else in the folder motion/
 * next to that of recorderd, where both are built. If neither has it, the first path, so that an error names it.
 */
void motion_program_find(char out[PATH_MAX]);

#endif
