/*
 * motion_day.h - the list of the .motion files of one day, in memory (shared/motion/motion_list.h).
 *
 * It is read, changed and written as a whole. What cannot be read of it is left out: the .motion files have it.
 */
#ifndef RECORDERD_LISTS_MOTION_DAY_H
#define RECORDERD_LISTS_MOTION_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/motion/motion_list.h"

#define SECONDS_PER_DAY 86400

struct motion_day_entry {
	struct motion_list_entry entry; /* its CRC and first_block are set when the list is written */
	struct motion_list_block *blocks;
};

struct motion_day {
	int64_t day; /* second / SECONDS_PER_DAY */
	struct motion_day_entry *entries;
	size_t count, capacity;
};

/* The segment of an entry, and what nothing else says of it. */
struct motion_day_segment {
	uint64_t segment_no;
	const char *file;
	int64_t second; /* of its first frame: without records, this decides in which list it is */
	bool footage;   /* it exists */
};

/* The day in whose list a segment with these records is. */
int64_t motion_day_of(const struct motion_day_segment *segment, const struct motion_record *records, size_t count);

/* The day of a list's file name. False if it is none. */
bool motion_day_of_name(const char *name, int64_t *day);

/* Reads the list of a day; a list that is missing or damaged is an empty one. False without memory. */
bool motion_day_load(struct motion_day *out, int folder, int64_t day);

/* Adds a segment with its records, in place of an entry with the same file name. False without memory. */
bool motion_day_put(struct motion_day *day, const struct motion_day_segment *segment,
		    const struct motion_record *records, size_t count);

void motion_day_remove(struct motion_day *day, size_t at);

/* Replaces the list; without entries, removes it. Returns false and sets *why on failure. */
bool motion_day_write(struct motion_day *day, int folder, struct reason *why);

void motion_day_free(struct motion_day *day);

#endif
