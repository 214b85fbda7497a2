/*
 * segment_repair.h - what is done with a segment after its last frame: after a clean close it is finished as a plain
 * MP4 in place; after a crash its beginning is mended where it is damaged, what is damaged between whole frames is put
 * into free boxes, it is cut behind its last whole frame, and its index is made anew. (Formats:
 * shared/segment/segment.h, shared/segment/index.h.) Each step can be interrupted and done again.
 */
#ifndef RECORDERD_REPAIR_SEGMENT_REPAIR_H
#define RECORDERD_REPAIR_SEGMENT_REPAIR_H

#include <stdbool.h>

#include "shared/base/reason.h"
#include "shared/segment/catalogue.h"

enum repair_outcome {
	REPAIR_DONE,       /* complete, with its index; *entry describes it */
	REPAIR_UNFINISHED, /* all frames are there, but it could not be finished; *entry describes it; try again later */
	REPAIR_EMPTY,      /* not one whole frame: removed */
	REPAIR_SET_ASIDE,  /* there are whole frames, and they cannot be repaired: set aside (set_aside.h); see why */
	REPAIR_GONE,       /* no such file (any more) */
	REPAIR_FOREIGN,    /* not a segment of ours: left alone */
	REPAIR_FAILED,     /* the disk refused: see why */
};

/* What *entry does not hold of a repaired segment. */
struct segment_end {
	uint8_t boot_id[16];
	int64_t last_mono_us; /* capture time of the last frame, on boot_id's clock */
};

/*
 * Finishes a segment that was closed well: its index is trusted where it agrees with the file's size, else this is
 * segment_repair(). `end` may be NULL.
 */
enum repair_outcome segment_finish(int folder, const char *file, struct catalogue_entry *entry, struct segment_end *end,
				   struct reason *why);

/*
 * Walks the whole file, mends it, cuts off a torn tail, replaces an index that differs, finishes. A file that is open,
 * or in which damage shows, is read whole.
 */
enum repair_outcome segment_repair(int folder, const char *file, struct catalogue_entry *entry, struct segment_end *end,
				   struct reason *why);

#endif
