/*
 * file_io.h - complete reads and writes at an offset, and temporary files.
 *
 * read_at() and write_at() carry on after signals and short transfers. A temporary file gets its real name once it is
 * complete.
 */
#ifndef SHARED_BASE_FILE_IO_H
#define SHARED_BASE_FILE_IO_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static_assert(sizeof(off_t) == 8, "files may be larger than 2 GB: -D_FILE_OFFSET_BITS=64");

/*
 * Reads `bytes` bytes at offset `at`. Returns how many were read, fewer only if the file ends first. Returns -1 with
 * errno, never EINTR.
 */
ssize_t read_at(int fd, void *out, size_t bytes, uint64_t at);

/* Writes all of `data` at that offset. Returns false with errno. */
bool write_at(int fd, const void *data, size_t bytes, uint64_t at);

/*
 * Opens a file for reading, without waiting. Returns -1 with errno: EBADMSG if what has that name is no plain file, as a
 * folder or a FIFO.
 */
int file_open_plain(int folder, const char *name);

/*
 * Syncs a folder, so that the names in it survive a power cut. Returns false with errno. Some file systems, mostly
 * those of a network or of FUSE, cannot sync folders (EINVAL); that is no failure.
 */
bool folder_sync(int folder);

/* True of errno if the file system has no locks at all, such as NFS without lockd. */
bool lock_is_unsupported(int error);

/*
 * Opens the temporary file of that name for reading and writing with `flags` (0 or O_CREAT), and locks it with fcntl(2)
 * until its last descriptor is closed. A file without a lock was left behind by a writer that was killed. Returns -1
 * with errno, EWOULDBLOCK if another writer has it, ENOLCK or the like if the file system has no locks. Never waits.
 */
int part_file_lock(int folder, const char *name, int flags);

#define PART_SUFFIX ".part"

/*
 * Removes what killed writers left in the folder: hidden files that end in .part, have at least `min_bytes` bytes and
 * have no lock. (An empty one may belong to a writer that has not locked it yet.) Returns 0, or the errno of the folder
 * or of a file that could not be removed.
 */
int part_files_remove_stale(int folder, int64_t min_bytes);

#endif
