/*
 * index.h - the .idx file beside each segment: one record per frame, so that a clip is found without reading the media.
 *
 * Little-endian. A header of 32 bytes, then records of 32 bytes, append-only, in the order of recording. wall_us never
 * decreases within a file, because a segment is part of one run. A record is written after the media that it points to.
 * The whole file can be computed from the segment (segment.h), byte for byte.
 *
 * The header is valid if its magic, its record size and its CRC are. A record is valid if its CRC (CRC-32C of its first
 * 28 bytes, seeded with the low 32 bits of the segment number, so that records of another file do not pass) is right
 * and its time, offset and size are possible (clock_is_plausible, INDEX_OFFSET_MAX, INDEX_SIZE_MAX). A crash leaves
 * whole records and perhaps a torn tail: part of a record, zeros, or old bytes. The index ends before its first invalid
 * record.
 */
#ifndef SHARED_SEGMENT_INDEX_H
#define SHARED_SEGMENT_INDEX_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_MAGIC        UINT64_C(0x0a31584449524353) /* "SCRIDX1\n" */
#define INDEX_RECORD_BYTES 32u
#define INDEX_OFFSET_MAX   (UINT64_C(1) << 62)
#define INDEX_SIZE_MAX     (64u << 20) /* of a frame; the recorder takes no larger ones */

struct index_header {
	uint64_t magic;
	uint64_t segment_no;
	int64_t first_wall_us;
	uint32_t record_bytes;
	uint32_t crc; /* CRC-32C of the 28 bytes before */
};

enum index_flags {
	INDEX_KEY = 1u << 0,        /* a key frame: decoding can start here */
	INDEX_AFTER_HOLE = 1u << 1, /* a key frame; the frames before it are damaged (segment.h) and not indexed */
};

struct index_record {
	int64_t wall_us;
	uint64_t offset;      /* of the frame's data in the segment; its moof and mdat header are right before it */
	uint32_t size;        /* bytes of the frame's data */
	uint32_t duration_us; /* until the next frame; at most UINT32_MAX (71 minutes) */
	uint32_t flags;
	uint32_t crc;
};

static_assert(sizeof(struct index_header) == INDEX_RECORD_BYTES, "index header");
static_assert(sizeof(struct index_record) == INDEX_RECORD_BYTES, "index record");

void index_header_seal(struct index_header *header);
void index_record_seal(struct index_record *record, uint64_t segment_no);
bool index_record_valid(const struct index_record *record, uint64_t segment_no);

enum index_outcome {
	INDEX_OK,
	INDEX_INVALID, /* not an index of this segment */
	INDEX_MISSING,
	INDEX_ERROR, /* see errno */
};

/* A reader has a descriptor and no copy of the file, which may grow meanwhile. `segment_no` 0 accepts any segment. */
struct index_reader {
	int fd;
	uint64_t segment_no;
	int64_t first_wall_us;
};

enum index_outcome index_reader_open(int directory, const char *file, uint64_t segment_no, struct index_reader *out);
void index_reader_close(struct index_reader *reader);

/* How many whole records the file has now, by its size. Their CRCs are checked when they are read. */
uint64_t index_reader_count(const struct index_reader *reader);

/* Reads up to `count` records from number `first` on. Returns how many valid ones there are before the first other. */
size_t index_reader_read(const struct index_reader *reader, uint64_t first, size_t count, struct index_record *out);

/* recording_X.mp4 -> recording_X.idx. False if the name is too long or does not end in .mp4. */
bool index_name(const char *segment_file, char *out, size_t bytes);

#endif
