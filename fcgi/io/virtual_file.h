/*
 * virtual_file.h - a virtual file: bytes in memory followed by ranges of real files.
 *
 * Clips, segments and kept clips are all served from virtual files, so ranges are computed in one place.
 *
 * A virtual file owns the descriptors that it is given and keeps them open, so a file that retention deletes meanwhile
 * is still served completely. If there may be too many, files are added by name (lazy_files.h).
 *
 * Files can be partial (shared/segment/block_map.h). Bytes that are not there are never read: virtual_file_find_missing()
 * says which have to be fetched first.
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

struct block_map;
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

/*
 * The same for a file that may be partial; NULL: it is whole. Takes over the map, too, and keeps a copy of the folder's
 * descriptor, in which the file is called block_map_file().
 */
bool virtual_file_adopt_partial(struct virtual_file *file, int fd, struct block_map *blocks, int folder);

/* Appends bytes [offset, offset + length) of a descriptor that was adopted. */
bool virtual_file_append_range(struct virtual_file *file, int fd, uint64_t offset, uint64_t length);

/*
 * Adds a file that is opened when its bytes are needed. It is called `name` in `folder`, which must be the same for
 * all, and is open as `fd` now. The caller keeps both descriptors. virtual_file_append_lazy_range() appends bytes of
 * the file that was added last.
 */
bool virtual_file_add_lazy_file(struct virtual_file *file, int folder, const char *name, int fd, bool partial);
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
 * errno: EIO if a file has been truncated, ENOENT if a lazy file is gone, EAGAIN or ESTALE if the bytes are not there.
 */
ssize_t virtual_file_read(const struct virtual_file *file, uint64_t at, void *out, size_t length);

/*
 * The rest of the range at a position, as far as it is there. Returns false if nothing, the head or a piece is there. The descriptor is valid
 * until the next call for the same virtual file.
 */
struct virtual_file_extent {
	int fd;
	uint64_t offset, length;
};
bool virtual_file_extent_at(const struct virtual_file *file, uint64_t at, struct virtual_file_extent *out);

/* Bytes of a partial file that have to be fetched. */
struct virtual_file_need {
	uint64_t at; /* the position of the first in the virtual file; if it is in a later piece: at or before that */
	const char *file;  /* the name of the partial file, which owns it */
	uint64_t from, to; /* of that file; to is exclusive */
};

/*
 * Finds the first bytes of [at, end) that are not there: one range at most. Returns false if all are, or if reading will
 * fail anyway. Beyond `at` it opens no lazy file, so it may stop early.
 */
bool virtual_file_find_missing(const struct virtual_file *file, uint64_t at, uint64_t end,
			       struct virtual_file_need *out);

/*
 * To be called once the bytes of a need were fetched. If they still are not there, the file has left the cache and was
 * made again; then it goes on with that one. Returns false if that is not the same segment, or cannot be opened.
 */
bool virtual_file_renew(struct virtual_file *file, const struct virtual_file_need *need);

/* How many bytes are before those of files. */
uint64_t virtual_file_head_bytes(const struct virtual_file *file);

#endif
