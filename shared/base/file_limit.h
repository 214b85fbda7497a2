/* file_limit.h - how large a file may become, and how many may be open. */
#ifndef SHARED_BASE_FILE_LIMIT_H
#define SHARED_BASE_FILE_LIMIT_H

#include <stdint.h>

/*
 * Bytes that the file may have at most: the process's own limit (RLIMIT_FSIZE), or that of the file system, such as
 * 4 GiB - 1 on FAT. Where neither tells one, more than any file gets. (What a FUSE file system cannot take it refuses
 * only when it is written.) The descriptor's position stays where it is.
 */
uint64_t file_limit_bytes(int fd);

/* The two of which that is the smaller one. The file system is asked some fifty times, and does not change. */
uint64_t file_limit_of_filesystem(int fd);
uint64_t file_limit_of_process(void);

/*
 * Lets this process have as many descriptors open as the hard limit allows (RLIMIT_NOFILE). The soft one is 1024 by
 * habit, for programs that use select(), which none of these does.
 */
void file_limit_raise_nofile(void);

#endif
