/*
 * motion_list.h - the lists of .motion files, recordings/motion_YYYYMMDD.bin: one per day (UTC).
 *
 * A list makes questions over months cheap: it has the joined cells of each segment and of every 64 seconds, so most
 * .motion files need not be read. It also lists the .motion files that have outlived their footage and are in no
 * catalogue. recorderd's keeper alone writes it. It is replaced as a whole by rename, and can be rebuilt from the
 * .motion files.
 *
 * A segment is in the list of the day of its first record, or, without records, of its first frame; its later records
 * may be of the next day. The header says which time the list covers. A segment of the catalogue that no list has, such
 * as the open one, has to be looked up by its file name.
 *
 * Little-endian: a header of 256 bytes, `entries` entries of 256 bytes, in the order of segment numbers, then `blocks`
 * blocks of 160 bytes. Each has a CRC-32C of the bytes before its CRC. An entry is valid if its CRC, its times
 * (clock_is_plausible), its block numbers and its file name are. An entry has at most one block for each 64 seconds
 * that its time touches, and no two entries have the same block. If an entry is not valid, its .motion file is read;
 * if a block is not valid, or belongs to another segment, the same.
 */
#ifndef SHARED_MOTION_MOTION_LIST_H
#define SHARED_MOTION_MOTION_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/motion/motion_record.h"
#include "shared/segment/segment.h"

#define MOTION_LIST_MAGIC       UINT64_C(0x0a31534c4d524353) /* "SCRMLS1\n" */
#define MOTION_LIST_ENTRY_BYTES 256u
#define MOTION_LIST_BLOCK_BYTES 160u
#define MOTION_LIST_FILE_BYTES  24
#define MOTION_BLOCK_SECONDS    64

struct motion_list_header {
	uint64_t magic;
	uint32_t entries, blocks;
	int64_t first_second; /* of the records of all entries: [first_second, end_second) */
	int64_t end_second;
	uint8_t pad[MOTION_LIST_ENTRY_BYTES - 36];
	uint32_t crc;
};

struct motion_list_entry {
	uint64_t segment_no;
	int64_t first_second; /* its records are in [first_second, end_second); not every second has one */
	int64_t end_second;
	uint32_t records;     /* 0: the segment has no .motion file, or one without records */
	uint32_t first_block; /* number of its first block in this list */
	uint32_t blocks;
	uint32_t flags; /* enum motion_flags of all its records */
	struct motion_cells cells;
	char file[SEGMENT_FILE_BYTES]; /* the segment's name, recording_X.mp4, even if the segment is gone */
	uint8_t footage;               /* 1: the segment existed when the list was written */
	uint8_t pad[3];
	uint32_t crc;
};

/* The records of [second, second + 64) of one segment, joined. `second` is a multiple of 64. */
struct motion_list_block {
	int64_t second;
	struct motion_cells cells;
	uint32_t segment_no; /* low 32 bits */
	uint32_t crc;
};

static_assert(sizeof(struct motion_list_header) == MOTION_LIST_ENTRY_BYTES, "motion list header");
static_assert(sizeof(struct motion_list_entry) == MOTION_LIST_ENTRY_BYTES, "motion list entry");
static_assert(sizeof(struct motion_list_block) == MOTION_LIST_BLOCK_BYTES, "motion list block");

/* motion_YYYYMMDD.bin of the day (UTC) that has this second. */
void motion_list_name(int64_t second, char out[MOTION_LIST_FILE_BYTES]);

/* True of exactly such names. */
bool motion_list_name_valid(const char *name);

/* A reader's descriptor of one version of a list. */
struct motion_list {
	int fd;
	struct motion_list_header header;
};

enum motion_outcome motion_list_open(int directory, const char *file, struct motion_list *out);
void motion_list_close(struct motion_list *list);

/* Reads up to `count` entries from number `first` on, as they are in the file. Returns how many could be read. */
size_t motion_list_read(const struct motion_list *list, uint32_t first, size_t count, struct motion_list_entry *out);

/* The same for blocks. */
size_t motion_list_read_blocks(const struct motion_list *list, uint32_t first, size_t count,
			       struct motion_list_block *out);

bool motion_list_entry_valid(const struct motion_list_header *header, const struct motion_list_entry *entry);
bool motion_list_block_valid(const struct motion_list_entry *entry, const struct motion_list_block *block);

void motion_list_header_seal(struct motion_list_header *header);
void motion_list_entry_seal(struct motion_list_entry *entry);
void motion_list_block_seal(struct motion_list_block *block);

#endif
