/* motion_files.h - for tests of the archive: .motion files and their lists in the folder of the case. */
#ifndef TESTS_UNIT_SUPPORT_MOTION_FILES_H
#define TESTS_UNIT_SUPPORT_MOTION_FILES_H

#include "shared/motion/motion_list.h"
#include "shared/motion/motion_record.h"
#include "tests/unit/support/archive_cases.h"

#define ENTRIES_MAX 16
#define BLOCKS_MAX  64

/* The list that read_day() has read. */
extern struct motion_listed {
	struct motion_list_header header;
	struct motion_list_entry entries[ENTRIES_MAX];
	struct motion_list_block blocks[BLOCKS_MAX];
} motion_listed;

/* The wall time so many hours ago. */
int64_t ago(double hours);

/* A time of yesterday (UTC), so that all segments of a case are in one list. */
int64_t yesterday(int64_t second);

/* The path of the .motion file beside the segment of that name; valid until the next call. */
const char *motion_path(const char *segment);

/* The name of the segment of that time; valid until the next call. */
const char *file_at(int64_t wall_us);

/* Whether there is a .motion file beside it. */
bool motion_exists(int64_t wall_us);

/* A sealed record with one cell. */
struct motion_record record_of(int64_t second, int column, enum motion_strength strength, uint64_t segment_no);

/* Append the header, or a record, of a .motion file. */
void add_header(struct buffer *out, uint64_t segment_no, int64_t wall_us);
void add_record(struct buffer *out, int64_t second, int column, enum motion_strength strength, uint64_t segment_no);

/* Writes the .motion file beside the segment of that time, and frees the buffer. */
void write_motion(int64_t wall_us, struct buffer *bytes);

/* A .motion file with records of the first two seconds, alone or with its segment. */
void put_motion(uint64_t segment_no, int64_t wall_us, enum motion_strength strength);
void put_both(uint64_t segment_no, int64_t wall_us, enum motion_strength strength);

/* One start and stop of the archive. */
void one_round(void);

/* The path of the list of that day; valid until the next call. */
const char *list_path(int64_t wall_us);

/* Reads the list of a day; returns how many entries it has, or -1 without one. Everything in it must be valid. */
int read_day(int64_t wall_us);

#endif
