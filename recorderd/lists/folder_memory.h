/*
 * folder_memory.h - remembers which folder the last run recorded into.
 *
 * So a disk that is not mounted is noticed although the folder below its mount point looks like any other.
 *
 * A folder is identified by its file .folder, which the first recorder in it writes: 32 hexadecimal digits (128 random
 * bits) and a newline. The file moves with the folder, from disk to disk and through `cp -a`, while the numbers of
 * devices and inodes may change with any boot.
 *
 * The id of the last run's folder is saved in the same form outside of the folder, in NAME.folder
 * (shared/config/state_file.h). It is replaced as a whole by rename. If it is missing or holds no such id, nothing
 * is known of the last run. If it cannot be written, nothing is remembered, which is logged.
 */
#ifndef RECORDERD_LISTS_FOLDER_MEMORY_H
#define RECORDERD_LISTS_FOLDER_MEMORY_H

#include <limits.h>
#include <stdbool.h>

#include "shared/config/config.h"

#define FOLDER_ID_BYTES 33 /* with its NUL */

struct folder_memory {
	char file[PATH_MAX];        /* empty: there is no place for it */
	char last[FOLDER_ID_BYTES]; /* empty: not known */
};

/* Reads what the last run saved. */
void folder_memory_read(const struct config *config, struct folder_memory *out);

/* True if that folder, which is locked, is known not to be the one of the last run. */
bool folder_memory_differs(const struct folder_memory *memory, int folder);

/* Saves the folder's id for the next run. `memory` keeps the one of the last run. */
void folder_memory_save(const struct folder_memory *memory, int folder);

#endif
