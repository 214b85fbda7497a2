/* segment_repair_internal.h - what segment_repair.c, which decides what is done, and repair_steps.c share. */
#ifndef RECORDERD_REPAIR_SEGMENT_REPAIR_INTERNAL_H
#define RECORDERD_REPAIR_SEGMENT_REPAIR_INTERNAL_H

#include "recorderd/repair/segment_repair.h"
#include "shared/base/buffer.h"
#include "shared/segment/index.h"
#include "shared/segment/segment.h"

/* Damaged bytes [from, to) between two whole fragments. */
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
	struct buffer holes;   /* of struct hole: those without a free box */
	struct index_record first, last;
	uint64_t frames;
	bool head_rebuilt;
	bool has_holes; /* INDEX_AFTER_HOLE */
	struct segment_scan_result scan;
	uint64_t end; /* of the media: after the last whole fragment, or after what is kept beyond it */
	struct reason *why;
};

/* segment_repair.c */
void repair_free(struct repair *repair);

/* Finds out from the media what the index should be, and where the media is damaged. Sets *repair->why on failure. */
bool repair_scan(struct repair *repair, bool thorough);
bool repair_shows_damage(const struct repair *repair);

/* Replaces the index unless it is the right one already. Sets *repair->why on failure. */
bool repair_replace_index(struct repair *repair);

/* `end` may be NULL. */
void repair_describe(const struct repair *repair, bool complete, struct catalogue_entry *entry,
		     struct segment_end *end);

/* repair_steps.c. If a step fails, it sets *repair->why. */

/* True if more follows `end` than a crash can tear: then it is damage of another kind, such as a bad sector. */
bool repair_tail_is_damage(const struct repair *repair, uint64_t end);

/* Turns a complete segment back into the open form, without its moov, which describes frames that are damaged now. */
bool repair_reopen(struct repair *repair);

/* Puts a free box over each hole. */
bool repair_mark_holes(struct repair *repair);

/* Cuts off what follows the last whole frame, or keeps it in a free box if it may be of use to somebody. */
bool repair_trim_tail(struct repair *repair);

/* Finishes the segment as a plain MP4, by its index. */
bool repair_finish_mp4(struct repair *repair);

#endif
