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

/*
 * Appends a row of pieces of one file: what is between two of them is skipped. A frame of a long clip is a piece, and
 * 40 bytes for each would be too much, so their lengths are read from the head, which has them anyway: as big-endian
 * integers of 32 bits, for all pieces in their order, from offset `lengths_at` on.
 */
#define VIRTUAL_FILE_PIECES_MAX 128u
#define VIRTUAL_FILE_GAP_MAX    1024u
struct virtual_file_pieces {
	uint64_t offset; /* of the first piece in the file */
	uint64_t length; /* of all together */
	uint16_t count;  /* 1 to VIRTUAL_FILE_PIECES_MAX */
	uint16_t gap;    /* bytes between two pieces, at most VIRTUAL_FILE_GAP_MAX */
};

/* `fd` was adopted; -1 means the lazy file that was added last. */
bool virtual_file_append_pieces(struct virtual_file *file, int fd, const struct virtual_file_pieces *pieces);
void virtual_file_set_lengths(struct virtual_file *file, size_t lengths_at);

uint64_t virtual_file_size(const struct virtual_file *file);

/*
 * Reads up to `length` bytes at `at`, no further than one range or one row of pieces. Returns 0 at the end, and -1 with
 * errno: EIO if a file has been truncated, ENOENT if a lazy file is gone.
 */
ssize_t virtual_file_read(const struct virtual_file *file, uint64_t at, void *out, size_t length);

/*
 * The rest of the range at a position. Returns false if nothing, the head or a piece is there. The descriptor is valid
 * until the next call for the same virtual file.
 */
struct virtual_file_extent {
	int fd;
	uint64_t offset, length;
};
bool virtual_file_extent_at(const struct virtual_file *file, uint64_t at, struct virtual_file_extent *out);

#endif
