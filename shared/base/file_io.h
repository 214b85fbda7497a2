/*
 * file_io.h - bytes of a file at an offset, whole in spite of signals and short reads and writes; and temporary files
 * that get their name when they are whole.
 */
#ifndef SHARED_BASE_FILE_IO_H
#define SHARED_BASE_FILE_IO_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static_assert(sizeof(off_t) == 8, "files may be longer than 2 GB: -D_FILE_OFFSET_BITS=64");

/* Reads `bytes` bytes from offset `at`. Fewer only where the file ends before; -1 with errno (EINTR is never one). */
ssize_t read_at(int fd, void *out, size_t bytes, uint64_t at);

/* Writes all of it at that offset. False with errno. */
bool write_at(int fd, const void *data, size_t bytes, uint64_t at);

/*
 * A temporary file's writer holds a lock on it (fcntl(2)): where nobody does, a killed one left it.
 *
 * Opens with `flags` (0, O_CREAT) for reading and writing and locks the file of that name, until its last descriptor is
 * closed. -1 with errno, EWOULDBLOCK where another one has it. Never waits.
 */
int part_file_lock(int folder, const char *name, int flags);

/*
 * Removes what killed writers left in the folder: hidden files that end in .part, have at least so many bytes and are
 * locked by nobody. (An empty one may be that of a writer that has not locked it yet.) The
 * errno of one that could not be removed, or of the folder; 0.
 */
#define PART_SUFFIX ".part"
int part_files_remove_stale(int folder, int64_t min_bytes);

#endif
