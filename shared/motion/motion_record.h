/*
 * motion_record.h - the .motion file beside each segment: one record per second of what moved where.
 *
 * recorder-motion makes the records, recorderd checks and writes them. Strength is stored for every cell, and no
 * decision is: what counts as an event, and where, is a parameter of the question.
 *
 * Little-endian. A header of 168 bytes, then records of 168 bytes, append-only, in the order of their seconds. A second
 * that has no record is unknown; it is never a second in which nothing moved.
 *
 * A second is a whole second of the wall clock. Its record covers the pictures with wall times in [second, second + 1).
 * It belongs to the segment that holds the second's first frame. If two records have the same second, because a
 * recorder was restarted within it or the clock was set back, readers join them: the larger strength of each cell, and
 * all flags, but MOTION_LEARNING and MOTION_GLOBAL only if each of the two has one of these.
 *
 * The header is valid if its magic, sizes and CRC are. A record is valid if its CRC (CRC-32C of its first 164 bytes,
 * seeded with the low 32 bits of the segment number, so that records of another file do not pass) is right and its
 * second is possible (clock_is_plausible). A crash leaves whole records and perhaps a torn tail: part of a record,
 * zeros, or old bytes. For a reader the file ends before its first invalid record; recorderd's keeper takes such
 * records out, and joins those of one second, before it lists the file (recorderd/repair/motion_file.h). Unlike the
 * .idx it cannot be computed from the segment: a lost .motion file stays lost.
 *
 * The picture is divided into 32 columns and 18 rows of cells, whatever its size. The strength of a cell in a second is
 * 0 (nothing moved), 1 (faint), 2 (clear) or 3 (strong), in two bit planes: `low` has bit 0 of each strength and `high`
 * has bit 1. The cell of column c and row r is bit (r * 32 + c) % 8 of byte (r * 32 + c) / 8.
 */
#ifndef SHARED_MOTION_MOTION_RECORD_H
#define SHARED_MOTION_MOTION_RECORD_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"

#define MOTION_MAGIC        UINT64_C(0x0a31544f4d524353) /* "SCRMOT1\n" */
#define MOTION_RECORD_BYTES 168u
#define MOTION_COLUMNS      32
#define MOTION_ROWS         18
#define MOTION_CELLS        (MOTION_COLUMNS * MOTION_ROWS)
#define MOTION_PLANE_BYTES  (MOTION_CELLS / 8)

#define MOTION_LIKENESS_UNKNOWN (-128)

enum motion_strength { MOTION_NONE, MOTION_FAINT, MOTION_CLEAR, MOTION_STRONG };

struct motion_header {
	uint64_t magic;
	uint64_t segment_no;
	uint32_t record_bytes;
	uint16_t columns, rows;
	int64_t first_wall_us;                 /* of the segment, by the clock of the records' seconds; 0: not known */
	uint8_t pad[MOTION_RECORD_BYTES - 36]; /* zeros */
	uint32_t crc;                          /* CRC-32C of the bytes before */
};

enum motion_flags {
	MOTION_LEARNING = 1u << 0, /* too soon after a start to tell what moves: the cells are empty */
	MOTION_GLOBAL = 1u << 1, /* most of the picture changed at once (light, a turned camera): the cells are empty */
	MOTION_DARK = 1u << 2,   /* too dark to tell a covered camera from the night */
	MOTION_FEW_FRAMES = 1u << 3, /* fewer pictures were looked at than asked for */
	/* What may have been done to the camera: set by recorderd, in each second in which it has held for ten seconds. */
	MOTION_COVERED = 1u << 4,
	MOTION_VIEW_CHANGED = 1u << 5,
	MOTION_BLURRED = 1u << 6,
};

/* The strength of every cell, in two bit planes. */
struct motion_cells {
	uint8_t low[MOTION_PLANE_BYTES];
	uint8_t high[MOTION_PLANE_BYTES];
};

struct motion_record {
	int64_t second; /* seconds since 1970-01-01 00:00 UTC */
	struct motion_cells cells;
	uint8_t mean_luma; /* 0 to 255 */
	uint8_t sharpness; /* 16 * log2(1 + s), at most 255; s: mean absolute difference to the neighbouring pixels */
	int8_t likeness; /* 127 * the correlation with the background of ten minutes ago, or MOTION_LIKENESS_UNKNOWN */
	uint8_t flags;   /* enum motion_flags */
	uint16_t moving_cells; /* cells whose strength is not 0 */
	uint8_t frames;        /* pictures that were looked at */
	int8_t gain;           /* 16 * log2 of the factor by which the picture is brighter than its background */
	uint16_t jpeg_bytes;   /* mean length of the second's JPEGs, in units of 256 bytes, at most 65535 */
	uint16_t pad;          /* 0 */
	uint32_t crc;
};

static_assert(sizeof(struct motion_header) == MOTION_RECORD_BYTES, "motion header");
static_assert(sizeof(struct motion_record) == MOTION_RECORD_BYTES, "motion record");
static_assert(sizeof(struct motion_cells) == 144, "motion cells");

/* True of a second that a record may have. */
static inline bool motion_second_valid(int64_t second)
{
	return second >= 0 && second < CLOCK_MAX_US / US_PER_S;
}

static inline enum motion_strength motion_cell(const struct motion_cells *cells, int column, int row)
{
	int bit = row * MOTION_COLUMNS + column;
	int low = cells->low[bit / 8] >> bit % 8 & 1;
	int high = cells->high[bit / 8] >> bit % 8 & 1;

	return (enum motion_strength)(high << 1 | low);
}

/* Raises the strength of a cell to at least `strength`. */
void motion_cells_raise(struct motion_cells *cells, int column, int row, enum motion_strength strength);

/* Each cell gets the larger of the two strengths. */
void motion_cells_join(struct motion_cells *into, const struct motion_cells *from);

/* The number of cells whose strength is not 0. */
unsigned motion_cells_count(const struct motion_cells *cells);

/* The number of cells whose strength is at least `least`, which is not MOTION_NONE. */
unsigned motion_cells_count_from(const struct motion_cells *cells, enum motion_strength least);

/* first_wall_us is 0. If you set it, seal the header again. */
void motion_header_init(struct motion_header *header, uint64_t segment_no);
void motion_header_seal(struct motion_header *header);
bool motion_header_valid(const struct motion_header *header);

/* On the pipe between recorder-motion and recorderd, segment_no is 0. */
void motion_record_seal(struct motion_record *record, uint64_t segment_no);
bool motion_record_valid(const struct motion_record *record, uint64_t segment_no);

/* The flags of two records of a second: what moved in it is known if either of them tells it. */
uint8_t motion_flags_join(uint8_t a, uint8_t b);

/* Joins a record of the same second (see above); means are weighted by frames. The caller seals it again. */
void motion_record_join(struct motion_record *into, const struct motion_record *from);

enum motion_outcome {
	MOTION_OK,
	MOTION_INVALID, /* not a .motion file of this segment */
	MOTION_MISSING,
	MOTION_ERROR, /* see errno */
};

/* A reader has a descriptor and no copy of the file, which may grow meanwhile. */
struct motion_reader {
	int fd;
	uint64_t segment_no;
	int64_t first_wall_us; /* motion_header.first_wall_us */
};

/* Opens the .motion file of that name. `segment_no` 0 accepts that of any segment. */
enum motion_outcome motion_reader_open(int directory, const char *file, uint64_t segment_no, struct motion_reader *out);
void motion_reader_close(struct motion_reader *reader);

/* How many whole records the file has now, by its size. Their CRCs are checked when they are read. */
uint64_t motion_reader_count(const struct motion_reader *reader);

/* Reads up to `count` records from number `first` on. Returns how many valid ones there are before the first other. */
size_t motion_reader_read(const struct motion_reader *reader, uint64_t first, size_t count, struct motion_record *out);

/* recording_X.mp4 -> recording_X.motion. False if the name is too long or does not end in .mp4. */
bool motion_file_name(const char *segment_file, char *out, size_t bytes);

#endif
