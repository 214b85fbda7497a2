/*
 * part_file.h - temporary files that get their name when they are whole. Their writer holds a lock on them (flock(2)):
 * where nobody does, a killed one left it.
 */
#ifndef SHARED_PART_FILE_H
#define SHARED_PART_FILE_H

#include <stdint.h>

/*
 * Opens with `flags` (O_RDONLY, O_RDWR | O_CREAT) and locks the file of that name, until its last descriptor is closed.
 * -1 with errno, EWOULDBLOCK where another one has it. Never waits.
 */
int part_file_lock(int folder, const char *name, int flags);

/*
 * Removes what killed writers left in the folder: hidden files that end in .part, have at least so many bytes and are
 * locked by nobody. (An empty one may be that of a writer that has not locked it yet.)
 */
#define PART_SUFFIX ".part"
void part_files_sweep(int folder, int64_t least_bytes);

#endif
