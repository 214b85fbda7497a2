/*
 * segment_repair_internal.h - what the files of the repair share: what is to be done (segment_repair.c), and the
 * changes to the segment itself (segment_mend.c).
 */
#ifndef RECORDERD_REPAIR_SEGMENT_REPAIR_INTERNAL_H
#define RECORDERD_REPAIR_SEGMENT_REPAIR_INTERNAL_H

#include "recorderd/repair/segment_repair.h"
#include "shared/base/buffer.h"
#include "shared/segment/index.h"
#include "shared/segment/segment.h"

/* Bytes between two whole fragments. */
struct hole {
	uint64_t from, to;
};

struct repair {
	int folder;
	const char *file;
	char index_file[SEGMENT_FILE_BYTES];
	int media;
	struct segment_layout layout;
	struct index_reader index;
	struct buffer records; /* the index as it should be: header and records */
	struct buffer holes;   /* struct hole: over which no free box stands yet */
	struct index_record first, last;
	uint64_t frames;
	bool head_mended;
	bool has_holes; /* INDEX_AFTER_HOLE */
	struct segment_scan_result found;
	uint64_t end; /* of the media: behind the last whole fragment, or what is kept behind it */
	struct reason *why;
};

/* segment_mend.c. Where one of them fails, repair->why says why. */

/* More than a crash tears stands behind `end`: damage of another kind (a bad sector). */
bool repair_tail_is_damage(const struct repair *repair, uint64_t end);

/* Makes the first form of a complete segment again, without its moov, since that has frames which are damaged now. */
bool repair_reopen(struct repair *repair);

/* Puts a free box over each hole. */
bool repair_mark_holes(struct repair *repair);

/* Cuts off what stands behind the last whole frame, or keeps it in a free box where it may be of use to somebody. */
bool repair_trim_tail(struct repair *repair);

/* Finishes the segment by its index. */
bool repair_finish_mp4(struct repair *repair);

#endif
