/*
 * virtual_file.h - a virtual file: some bytes of memory and behind them pieces of real files, as one row of bytes.
 * Clips, segments and kept clips are all served from one, so ranges are computed in one place.
 *
 * It owns the descriptors given to it: they stay open until it goes, so that a file that retention deletes meanwhile is
 * still served whole. Where there are too many of them, files are given by their names (late_files.h).
 */
#ifndef FCGI_IO_VIRTUAL_FILE_H
#define FCGI_IO_VIRTUAL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/base/buffer.h"

/* A head of more than this goes to a memfd: a stalled download of six hours must not cost a worker 26 MB. */
#define VIRTUAL_FILE_HEAD_MAX (1u << 20)

struct virtual_file;

/*
 * NULL where memory is short, as everywhere here. Each owner calls virtual_file_unref(), of which the last one counts;
 * virtual_file_ref() makes one more owner. virtual_file_unref(NULL) is safe.
 */
struct virtual_file *virtual_file_create(void);
struct virtual_file *virtual_file_ref(struct virtual_file *file);
void virtual_file_unref(struct virtual_file *file);

/* Takes the bytes as the beginning of the file, before all pieces. `head` is empty afterwards, also on failure. */
bool virtual_file_set_head(struct virtual_file *file, struct buffer *head);

/* Gives the descriptor to the file; it is closed even where false is returned. */
bool virtual_file_adopt_fd(struct virtual_file *file, int fd);

/* Appends bytes [offset, offset + length) of a descriptor that the file owns. */
bool virtual_file_append_range(struct virtual_file *file, int fd, uint64_t offset, uint64_t length);

/*
 * Names a file that is opened when its bytes are due: the one at `fd` now, called `name` in `folder`, which is the same
 * folder for all of them. The caller keeps both descriptors. virtual_file_append_lazy_range() appends bytes of the one named last.
 */
bool virtual_file_add_lazy_file(struct virtual_file *file, int folder, const char *name, int fd);
bool virtual_file_append_lazy_range(struct virtual_file *file, uint64_t offset, uint64_t length);

uint64_t virtual_file_size(const struct virtual_file *file);

/* Reads up to `length` bytes from `at`, all that one piece has; 0 at the end, -1 with errno (EIO: a file is shorter
 * than it was; ENOENT: one that was named is gone). */
ssize_t virtual_file_read(const struct virtual_file *file, uint64_t at, void *out, size_t length);

/* What stands at a position and behind it; false where that is no file's but the head's, or nothing. The descriptor is
 * good until the next call for the same file. */
struct virtual_file_extent {
	int fd;
	uint64_t offset, length;
};
bool virtual_file_extent_at(const struct virtual_file *file, uint64_t at, struct virtual_file_extent *out);

#endif
