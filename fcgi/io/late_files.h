/*
 * late_files.h - files of one folder that are opened when their bytes are due, and closed when those of later files
 * are. A clip of thousands of segments so holds a few descriptors.
 *
 * A file is remembered by its name and by its first LAZY_HEAD_BYTES: what stands under the name when it is opened
 * begins in the same way, or it is not opened. In a segment these bytes hold its number, which no other one gets, and
 * never change (segment_info.c; its own CRC stands behind them). Inodes would not do: some file systems number a file
 * anew each time that it is opened.
 *
 * LAZY_OPEN_MAX files from the one in use on are open together, so that one that is deleted shortly before its turn is
 * still read whole.
 */
#ifndef FCGI_IO_LATE_FILES_H
#define FCGI_IO_LATE_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define LAZY_OPEN_MAX   16u
#define LAZY_HEAD_BYTES 128u

struct lazy_files;

/* The folder's descriptor is duplicated. NULL with errno. lazy_files_destroy(NULL) is safe. */
struct lazy_files *lazy_files_create(int folder);
void lazy_files_destroy(struct lazy_files *files);

/* Appends the file that is open at `fd` and called `name`; its number is how many were added before. Keeps no
 * descriptor. False where memory is short or the file cannot be read. */
bool lazy_files_add(struct lazy_files *files, const char *name, int fd);
size_t lazy_files_count(const struct lazy_files *files);

/* Its descriptor, which is good until the next call; -1 with errno, ENOENT where the file is not there any more. */
int lazy_files_open(struct lazy_files *files, size_t number);

#endif
