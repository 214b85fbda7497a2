/*
 * api_vfile.h - a virtual file: some bytes of memory and behind them pieces of real files, as one row of bytes. Clips,
 * segments and kept clips are all served from one, so ranges are computed in one place.
 *
 * It owns the descriptors given to it: they stay open until it goes, so that a file that retention deletes meanwhile is
 * still served whole.
 */
#ifndef FCGI_API_VFILE_H
#define FCGI_API_VFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/buffer.h"

/* A head of more than this goes to a memfd: a stalled download of six hours must not cost a worker 26 MB. */
#define VFILE_HEAD_MAX (1u << 20)

struct vfile;

/*
 * NULL where memory is short, as everywhere here. Each owner calls vfile_destroy(), of which the last one counts;
 * vfile_share() makes one more owner. vfile_destroy(NULL) is safe.
 */
struct vfile *vfile_create(void);
struct vfile *vfile_share(struct vfile *file);
void vfile_destroy(struct vfile *file);

/* Takes the bytes as the beginning of the file, before all pieces. `head` is empty afterwards, also on failure. */
bool vfile_head(struct vfile *file, struct buffer *head);

/* Gives the descriptor to the file; it is closed even where false is returned. */
bool vfile_own(struct vfile *file, int fd);

/* Appends bytes [offset, offset + length) of a descriptor that the file owns. */
bool vfile_add(struct vfile *file, int fd, uint64_t offset, uint64_t length);

uint64_t vfile_size(const struct vfile *file);

/* Reads up to `length` bytes from `at`, all that one piece has; 0 at the end, -1 with errno (EIO: a file is shorter
 * than it was). */
ssize_t vfile_read(const struct vfile *file, uint64_t at, void *out, size_t length);

/* What stands at a position and behind it; false where that is no file's but the head's, or nothing. */
struct vfile_extent {
	int fd;
	uint64_t offset, length;
};
bool vfile_extent_at(const struct vfile *file, uint64_t at, struct vfile_extent *out);

#endif
