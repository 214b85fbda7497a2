/* read_at.h - bytes of a file at an offset, whole in spite of signals and short reads. */
#ifndef SHARED_READ_AT_H
#define SHARED_READ_AT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static_assert(sizeof(off_t) == 8, "files may be longer than 2 GB: -D_FILE_OFFSET_BITS=64");

/* Reads `bytes` bytes from offset `at`. Fewer only where the file ends before; -1 with errno (EINTR is never one). */
ssize_t read_at(int fd, void *out, size_t bytes, uint64_t at);

#endif
