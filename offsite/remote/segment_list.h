/*
 * segment_list.h - the segments of a camera of the store, and the list that workers read of them. Pure functions.
 *
 * A camera may have several archives (shared/store/archive_id.h), because a disk was replaced. Their segments are
 * joined in the order of time, and those of one archive stay in the order of their numbers.
 */
#ifndef OFFSITE_REMOTE_SEGMENT_LIST_H
#define OFFSITE_REMOTE_SEGMENT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/buffer.h"
#include "shared/segment/catalogue.h"
#include "shared/store/archive_id.h"

struct remote_segment {
	struct catalogue_entry entry; /* as the list has it, once segment_list_finish() has been called */
	char archive[ARCHIVE_ID_BYTES];
	int64_t object_start_us;                         /* START in the names of its objects */
	uint64_t media_bytes, index_bytes, motion_bytes; /* of its objects; 0: of pieces, or no .motion */
	bool in_pieces;                                  /* it is not in a day list */
};

/*
 * Puts `count` segments into the order of the list, gives each a file name of its own, and completes their entries:
 * bounds, flags, run numbers, checksums. Two archives can have used one file name; then the later segment gets a number
 * that is made of its archive's id.
 */
void segment_list_finish(struct remote_segment *segments, size_t count);

/* Appends recording_index.bin. `unsettled_from_us` is at least 1; doubtful clocks may make it earlier. */
void segment_list_write(const struct remote_segment *segments, size_t count, uint64_t generation,
			int64_t unsettled_from_us, struct buffer *out);

#endif
