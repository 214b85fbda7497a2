/*
 * virtual_file.h - a virtual file: bytes in memory followed by ranges of real files.
 *
 * Clips, segments and kept clips are all served from virtual files, so ranges are computed in one place.
 *
 * A virtual file owns the descriptors that it is given and keeps them open, so a file that retention deletes meanwhile
 * is still served completely. If there may be too many, files are added by name (lazy_files.h).
 */
#ifndef FCGI_IO_VIRTUAL_FILE_H
#define FCGI_IO_VIRTUAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/base/buffer.h"

/* A longer head goes to a memfd, so that a stalled download of six hours does not cost a worker 26 MB. */
#define VIRTUAL_FILE_HEAD_MAX (1u << 20)

struct virtual_file;

/*
 * Returns NULL if memory is short. A virtual file has a reference count, 1 at first; the last virtual_file_unref()
 * frees it. virtual_file_unref(NULL) is safe. The functions below that return bool return false if memory is short.
 */
struct virtual_file *virtual_file_create(void);
struct virtual_file *virtual_file_ref(struct virtual_file *file);
void virtual_file_unref(struct virtual_file *file);

/* Takes over the bytes as the beginning of the file. `head` is empty afterwards, even on failure. */
bool virtual_file_set_head(struct virtual_file *file, struct buffer *head);

/* Takes over the descriptor, which is closed even if this returns false. */
bool virtual_file_adopt_fd(struct virtual_file *file, int fd);

/* Appends bytes [offset, offset + length) of a descriptor that was adopted. */
bool virtual_file_append_range(struct virtual_file *file, int fd, uint64_t offset, uint64_t length);

/*
 * Adds a file that is opened when its bytes are needed. It is called `name` in `folder`, which must be the same for
 * all, and is open as `fd` now. The caller keeps both descriptors. virtual_file_append_lazy_range() appends bytes of
 * the file that was added last.
 */
bool virtual_file_add_lazy_file(struct virtual_file *file, int folder, const char *name, int fd);
bool virtual_file_append_lazy_range(struct virtual_file *file, uint64_t offset, uint64_t length);

uint64_t virtual_file_size(const struct virtual_file *file);

/*
 * Reads up to `length` bytes at `at`, no further than one range. Returns 0 at the end, and -1 with errno: EIO if a file
 * has been truncated, ENOENT if a lazy file is gone.
 */
ssize_t virtual_file_read(const struct virtual_file *file, uint64_t at, void *out, size_t length);

/*
 * The rest of the range at a position. Returns false if the head or nothing is there. The descriptor is valid until the
 * next call for the same virtual file.
 */
struct virtual_file_extent {
	int fd;
	uint64_t offset, length;
};
bool virtual_file_extent_at(const struct virtual_file *file, uint64_t at, struct virtual_file_extent *out);

#endif
