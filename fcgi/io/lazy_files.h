/*
 * lazy_files.h - files of one folder that are opened when their bytes are needed.
 *
 * They are closed again when later files are needed, so a clip of thousands of segments needs only a few descriptors.
 *
 * A file is identified by its name and its first LAZY_HEAD_BYTES. If the file of that name begins with other bytes when
 * it is needed, it is not opened. In a segment these bytes contain its unique number and never change (segment_info.c;
 * the segment's own CRC comes after them). Inode numbers would not work, since some file systems give a file a new one
 * each time it is opened.
 *
 * A file may be partial (shared/segment/block_map.h). If it has left the cache, or its head has, opening it is ESTALE, and
 * succeeds once both were fetched again.
 *
 * LAZY_OPEN_MAX files, beginning with the one in use, are open at the same time, so a file that is deleted shortly
 * before its turn can still be read completely.
 */
#ifndef FCGI_IO_LAZY_FILES_H
#define FCGI_IO_LAZY_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define LAZY_OPEN_MAX   16u
#define LAZY_HEAD_BYTES 128u

struct block_map;
struct lazy_files;

/* Duplicates the descriptor of the folder. Returns NULL with errno. lazy_files_destroy(NULL) is safe. */
struct lazy_files *lazy_files_create(int folder);
void lazy_files_destroy(struct lazy_files *files);

/*
 * Appends the file called `name`, which is open as `fd`. Its number is the count of files before it. Keeps no
 * descriptor. Returns false if memory is short or the file cannot be read.
 */
bool lazy_files_add(struct lazy_files *files, const char *name, int fd, bool partial);
size_t lazy_files_count(const struct lazy_files *files);

/* The descriptor of a file, valid until the next call, or -1 with errno: ENOENT if the file is gone. */
int lazy_files_open(struct lazy_files *files, size_t number);

/* The name of a file, and the map of one that is partial and open; NULL: it is whole. */
const char *lazy_files_name(const struct lazy_files *files, size_t number);
const struct block_map *lazy_files_blocks(const struct lazy_files *files, size_t number);

/* Closes a file, so that the next call of lazy_files_open() opens what has the name then. */
void lazy_files_close(struct lazy_files *files, size_t number);

#endif
