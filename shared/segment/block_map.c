/* block_map.c - segments of which only some blocks are there. */
#include "shared/segment/block_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/crc32c.h"
#include "shared/base/file_io.h"
#include "shared/base/min.h"

#define TRIES_MAX      8u
#define BITS_PER_READ  64u /* bytes: enough for the segments of an hour */
#define HEADER_BYTES   sizeof(struct fetch_blocks)
#define BLOCKS_OF(n)   ((n) / FETCH_BLOCK_BYTES)
#define FILE_FLAGS     (O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
#define MAP_NAME_BYTES (SEGMENT_FILE_BYTES + sizeof(FETCH_BLOCKS_SUFFIX))

/* The map is read by pread(2): a mapping would end this process if the file were cut off. */
struct block_map {
	int fd; /* of the .blocks file; owned */
	char file[SEGMENT_FILE_BYTES];
	bool has_head;
	uint32_t head; /* CRC-32C of the first BLOCK_MAP_HEAD_BYTES */
};

static bool is_named(int fd, int folder, const char *name)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static bool header_valid(int fd)
{
	struct fetch_blocks header;

	if (read_at(fd, &header, HEADER_BYTES, 0) == (ssize_t)HEADER_BYTES && header.magic == FETCH_BLOCKS_MAGIC)
		return true;
	errno = EBADMSG;
	return false;
}

/* Opens the .mp4, then its map; -1 with errno, EAGAIN if they may not be a pair (fetch_socket.h). */
static int open_pair(int folder, const char *file, int *map_fd)
{
	char name[MAP_NAME_BYTES];
	int error, fd = openat(folder, file, FILE_FLAGS);

	if (fd < 0)
		return -1;
	snprintf(name, sizeof(name), "%s%s", file, FETCH_BLOCKS_SUFFIX);
	*map_fd = openat(folder, name, FILE_FLAGS);
	if (*map_fd >= 0 && header_valid(*map_fd)) {
		if (is_named(fd, folder, file))
			return fd;
		errno = EAGAIN;
	}
	error = errno;
	if (*map_fd >= 0)
		close(*map_fd);
	close(fd);
	errno = error;
	return -1;
}

static int open_until_paired(int folder, const char *file, int *map_fd)
{
	int fd = -1;

	for (unsigned i = 0; i < TRIES_MAX; i++) {
		fd = open_pair(folder, file, map_fd);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

static bool read_head(const struct block_map *map, int fd, uint32_t *head)
{
	uint8_t bytes[BLOCK_MAP_HEAD_BYTES];

	if (block_map_available(map, 0, sizeof(bytes)) < sizeof(bytes) ||
	    read_at(fd, bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return false;
	*head = crc32c(0, bytes, sizeof(bytes));
	return true;
}

int block_map_open(int folder, const char *file, struct block_map **out)
{
	struct block_map *map = calloc(1, sizeof(*map));

	*out = NULL;
	if (!map)
		return -1;
	int fd = open_until_paired(folder, file, &map->fd);
	if (fd < 0) {
		int error = errno;
		free(map);
		errno = error;
		return -1;
	}
	snprintf(map->file, sizeof(map->file), "%s", file);
	map->has_head = read_head(map, fd, &map->head);
	*out = map;
	return fd;
}

void block_map_close(struct block_map *map)
{
	if (!map)
		return;
	close(map->fd);
	free(map);
}

const char *block_map_file(const struct block_map *map)
{
	return map->file;
}

/* How many blocks from number `first` on are there without a break, up to `end`. */
static uint64_t count_blocks(int fd, uint64_t first, uint64_t end)
{
	uint8_t bits[BITS_PER_READ];
	uint64_t block = first;

	while (block < end) {
		uint64_t byte = block / 8;
		ssize_t got = read_at(fd, bits, min_size(sizeof(bits), (end + 7) / 8 - byte), HEADER_BYTES + byte);
		if (got <= 0)
			break;
		for (uint64_t stop = min_u64(end, (byte + (uint64_t)got) * 8); block < stop; block++)
			if (!(bits[block / 8 - byte] & (1u << block % 8)))
				return block - first;
	}
	return block - first;
}

uint64_t block_map_available(const struct block_map *map, uint64_t at, uint64_t limit)
{
	struct fetch_blocks header;

	if (!map || limit == 0)
		return limit;
	/* The size is read first: it grows after the bits. */
	if (read_at(map->fd, &header, HEADER_BYTES, 0) != (ssize_t)HEADER_BYTES || at >= header.file_bytes)
		return 0;
	limit = min_u64(limit, header.file_bytes - at);
	uint64_t first = BLOCKS_OF(at);
	uint64_t blocks = count_blocks(map->fd, first, BLOCKS_OF(at + limit - 1) + 1);
	return blocks == 0 ? 0 : min_u64(limit, (first + blocks) * FETCH_BLOCK_BYTES - at);
}

uint64_t block_map_missing_at(const struct block_map *map, uint64_t from, uint64_t to)
{
	return from < to ? from + block_map_available(map, from, to - from) : to;
}

bool block_map_renew(struct block_map *map, int folder, int fd)
{
	struct block_map fresh = {.fd = -1};
	uint32_t head;
	int error, named = open_until_paired(folder, map->file, &fresh.fd);

	if (named < 0)
		return false;
	error = ENODATA;
	if (!map->has_head || !read_head(&fresh, named, &head))
		goto refuse;
	error = ENOENT;
	if (head != map->head)
		goto refuse;
	if (dup3(named, fd, O_CLOEXEC) < 0) {
		error = errno;
		goto refuse;
	}
	close(named);
	close(map->fd);
	map->fd = fresh.fd;
	return true;

refuse:
	close(named);
	close(fresh.fd);
	errno = error;
	return false;
}
