/*
 * block_map.h - segments of which only some blocks are there: FILE.mp4.blocks, and how FILE.mp4 is read then.
 *
 * In the cache of recorder-fetch (shared/store/fetch_socket.h) an .mp4 is sparse. It has the size that it has in the
 * store, and reads as zeros where nothing was fetched yet. Zeros are not footage, so whoever reads such a file asks here
 * first whether the bytes are there. A bit is set after the bytes of its block are in the file, and is never cleared.
 *
 * The file that has the name can be replaced by another one while it is open. What is open stays right, but nobody adds
 * blocks to it any more; block_map_renew() goes on with the file that has the name now.
 */
#ifndef SHARED_SEGMENT_BLOCK_MAP_H
#define SHARED_SEGMENT_BLOCK_MAP_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/segment/segment.h"

#define FETCH_BLOCKS_MAGIC  UINT64_C(0x0a314b4c42465353) /* "SSFBLK1\n" */
#define FETCH_BLOCK_BYTES   (1u << 20)
#define FETCH_BLOCKS_SUFFIX ".blocks"

/* The whole .blocks file. Bit n % 8 of byte n / 8 stands for bytes [n MiB, (n + 1) MiB) of the .mp4. */
struct fetch_blocks {
	uint64_t magic;
	_Atomic uint64_t file_bytes; /* bytes of the .mp4 from here on do not exist */
	_Atomic uint8_t bits[];      /* one bit per block; set with release order, read with acquire order */
};

static_assert(sizeof(struct fetch_blocks) == 16, "fetch blocks");

struct block_map;

/*
 * Opens FILE.mp4 of the folder for reading, and its map. Returns the descriptor of the .mp4, which is the caller's, and
 * sets *out; or -1 with errno: ENOENT if one of the two is not there, EBADMSG if the map is damaged, EAGAIN if both are
 * being replaced all the time.
 */
int block_map_open(int folder, const char *file, struct block_map **out);
void block_map_close(struct block_map *map); /* safe for NULL */

/*
 * How many bytes from `at` on are there without a break, at most `limit`. Reads the map, so the answer may grow. NULL
 * stands for a file that is whole: the answer is `limit`.
 */
uint64_t block_map_available(const struct block_map *map, uint64_t at, uint64_t limit);

/* The first byte of [from, to) that is not there; `to` if all are. */
uint64_t block_map_missing_at(const struct block_map *map, uint64_t from, uint64_t to);

/* The name of the .mp4 in its folder. */
const char *block_map_file(const struct block_map *map);

/*
 * Makes the descriptor `fd` of the .mp4 and the map those of the files that have the names now. Returns false with
 * errno, and changes nothing, if these cannot be opened, or begin with other bytes than the file did: ENOENT. The first
 * block must be there for that (BLOCK_MAP_HEAD_BYTES); else the error is ENODATA.
 */
#define BLOCK_MAP_HEAD_BYTES 128u /* as those of fcgi/io/lazy_files.h: they hold the number of the segment */
bool block_map_renew(struct block_map *map, int folder, int fd);

#endif
