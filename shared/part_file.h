/*
 * part_file.h - temporary files that get their name when they are whole. Their writer holds a lock on them (flock(2)):
 * where nobody does, a killed one left it.
 */
#ifndef SHARED_PART_FILE_H
#define SHARED_PART_FILE_H

/*
 * Opens with `flags` (O_RDONLY, O_RDWR | O_CREAT) and locks the file of that name, until its last descriptor is closed.
 * -1 with errno, EWOULDBLOCK where another one has it. Never waits.
 */
int part_file_lock(int folder, const char *name, int flags);

#endif
