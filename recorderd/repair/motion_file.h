/*
 * motion_file.h - the .motion file beside a segment: it follows its segment's name and times, and is repaired.
 *
 * Format: shared/motion/motion_record.h. Unlike the index it cannot be made again, so whatever is valid in it is kept.
 */
#ifndef RECORDERD_REPAIR_MOTION_FILE_H
#define RECORDERD_REPAIR_MOTION_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/motion/motion_record.h"

/* True if there is one beside the segment of that name. */
bool motion_file_exists(int folder, const char *segment_file);

/* Its size; 0: there is none. */
uint64_t motion_file_bytes(int folder, const char *segment_file);

/* Gives it the new name of its segment. That it cannot be renamed is only logged. */
void motion_file_rename(int folder, const char *segment_file, const char *new_segment_file);

/* Returns false with errno if it is there and cannot be removed. */
bool motion_file_remove(int folder, const char *segment_file);

/* The segment to which a file must belong. */
struct motion_file_owner {
	const char *file;
	uint64_t segment_no;              /* 0: whatever the header says */
	int64_t first_wall_us;            /* of the segment; 0: not known */
	int64_t first_second, end_second; /* records that are more than a second outside are dropped */
};

/*
 * Reads the records that are valid, in the order of their seconds, and appends them to `records`. Whatever else is in
 * the file (a torn tail, damage, records of seconds that the segment does not have) is taken out of it, a damaged
 * header is made again, and two records of one second are joined. The file is then on the disk. MOTION_INVALID: nothing
 * in it can be used; it is removed, unless it belongs to another segment.
 */
enum motion_outcome motion_file_repair(int folder, const struct motion_file_owner *owner, struct buffer *records);

/*
 * Moves the records, which were made for a segment that began at old_wall_us, to one that begins at first_wall_us: by
 * whole seconds, rounded. If that was done before, it does nothing. Returns false and sets *why on failure.
 */
struct reason;
bool motion_file_redate(int folder, const char *segment_file, uint64_t segment_no, int64_t old_wall_us,
			int64_t first_wall_us, struct reason *why);

#endif
