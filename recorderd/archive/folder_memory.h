/*
 * folder_memory.h - which folder the last run recorded into, so that a disk that was not mounted is noticed although
 * the folder below it looks like any other.
 *
 * A folder is known by a number of 32 hexadecimal digits (128 random bits) and a newline in its file .folder, which
 * the first recorder in it writes. It moves with the folder, from disk to disk and through `cp -a`; devices and inodes
 * get other numbers at any boot.
 *
 * The last run's number is remembered, in the same form, in a file outside of the folder: NAME.folder in the first
 * folder of $STATE_DIRECTORY (systemd sets it, with colons between them) that the recordings are not in or below, and
 * without one .NAME.folder beside the .ini file. It is replaced whole by rename. Where it is missing, or is no such
 * number, nothing is known; where it cannot be written, nothing is remembered, and that is a line in the log.
 */
#ifndef RECORDERD_ARCHIVE_FOLDER_MEMORY_H
#define RECORDERD_ARCHIVE_FOLDER_MEMORY_H

#include <limits.h>
#include <stdbool.h>

#include "shared/config/config.h"

#define FOLDER_ID_BYTES 33 /* with a NUL */

struct folder_memory {
	char file[PATH_MAX];
	char last[FOLDER_ID_BYTES]; /* empty: not known */
};

/* Reads what the last run left. */
void folder_memory_read(const struct config *config, struct folder_memory *out);

/* Whether that folder, which is locked, is known to be another one than in the last run. */
bool folder_memory_differs(const struct folder_memory *memory, int folder);

/* Remembers it for the next run; `memory` still knows that of the last one. */
void folder_memory_save(const struct folder_memory *memory, int folder);

#endif
