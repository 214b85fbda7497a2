/* file_limit.h - how large a file may grow, and how many may be open. */
#ifndef SHARED_BASE_FILE_LIMIT_H
#define SHARED_BASE_FILE_LIMIT_H

#include <stdint.h>

/*
 * The most bytes that this file can have: the smaller of the process's limit (RLIMIT_FSIZE) and the file system's, such
 * as 4 GiB - 1 on FAT. If there is no limit, returns more than any file gets. A FUSE file system may still refuse less,
 * when it is written to. The descriptor's position does not change.
 */
uint64_t file_limit_bytes(int fd);

/* The two limits. Asking the file system takes about fifty calls; its answer never changes. */
uint64_t file_limit_of_filesystem(int fd);
uint64_t file_limit_of_process(void);

/*
 * Raises the soft limit of open descriptors (RLIMIT_NOFILE) to the hard one. The soft limit is usually 1024 for the
 * sake of programs that use select(), and none of these does.
 */
void file_limit_raise_nofile(void);

#endif
