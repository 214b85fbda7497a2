/*
 * virtual_file_internal.h - what a virtual file consists of.
 *
 * virtual_file_partial.c knows which files are partial, virtual_file.c reads, and virtual_file_missing.c finds what has to be
 * fetched first. Each uses only those before it.
 */
#ifndef FCGI_IO_VIRTUAL_FILE_INTERNAL_H
#define FCGI_IO_VIRTUAL_FILE_INTERNAL_H

#include "fcgi/io/lazy_files.h"
#include "fcgi/io/virtual_file.h"
#include "shared/segment/block_map.h"

/* A descriptor that was adopted, of a file of which not all may be there. */
struct partial_file {
	int fd;                   /* owned by virtual_file.fds */
	struct block_map *blocks; /* owned */
	bool lost;                /* its name stands for another file, of which the head was not there yet */
};

struct virtual_file_range {
	uint64_t at; /* position, counted from the end of the head */
	uint64_t offset, length;
	uint32_t first_piece; /* number of the first piece */
	uint16_t pieces, gap; /* how many, and what is between two; no pieces: it is one range of bytes */
	bool lazy;
	union {
		int fd;
		uint32_t number; /* in `lazy_files`, if lazy */
	};
};

struct virtual_file {
	unsigned references;
	struct buffer head;
	int head_fd; /* a memfd, if the head is long; else -1 */
	uint64_t head_bytes;
	struct virtual_file_range *ranges;
	size_t range_count, range_capacity;
	int *fds;
	size_t fd_count, fd_capacity;
	struct lazy_files *lazy_files; /* NULL if no file is lazy */
	uint64_t ranges_bytes;
	uint32_t piece_count;
	size_t lengths_at; /* offset in the head: lengths of the pieces */
	int folder;        /* of `partial`; owned; -1: there is none */
	struct partial_file *partial;
	size_t partial_count, partial_capacity;
};

/* The range that contains `at`, counted from the end of the head. */
const struct virtual_file_range *virtual_file_range_at(const struct virtual_file *file, uint64_t at);

/* Returns -1 with errno if a lazy file cannot be opened. */
int virtual_file_range_fd(const struct virtual_file *file, const struct virtual_file_range *range);

/* Where in its real file byte `inside` of a range is. Returns false if that cannot be read. */
bool virtual_file_range_offset(const struct virtual_file *file, const struct virtual_file_range *range, uint64_t inside,
			       uint64_t *offset);

/* virtual_file_partial.c: the partial file of that descriptor; NULL: it is whole. */
struct partial_file *virtual_file_find_partial(const struct virtual_file *file, int fd);

/* virtual_file_partial.c: the map of the file of a range that is open, NULL if that is whole. */
const struct block_map *virtual_file_range_blocks(const struct virtual_file *file,
						  const struct virtual_file_range *range);

#endif
