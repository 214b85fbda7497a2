/*
 * segment_repair.h - what is done with a segment after its last frame.
 *
 * After a clean close, the segment is finished in place as a plain MP4. After a crash, its beginning is rebuilt if it
 * is damaged, damage between whole frames is put into free boxes, the file is cut after its last whole frame, and its
 * index is rebuilt. Each step can be interrupted and repeated. Formats: shared/segment/segment.h,
 * shared/segment/index.h.
 */
#ifndef RECORDERD_REPAIR_SEGMENT_REPAIR_H
#define RECORDERD_REPAIR_SEGMENT_REPAIR_H

#include <stdbool.h>

#include "shared/base/reason.h"
#include "shared/segment/catalogue.h"

enum repair_outcome {
	REPAIR_DONE,       /* complete, with its index; *entry describes it */
	REPAIR_UNFINISHED, /* all frames can be read, but it could not be finished: try again; *entry describes it */
	REPAIR_EMPTY,      /* it had not one whole frame and was removed */
	REPAIR_SET_ASIDE,  /* it has whole frames but cannot be repaired: see set_aside.h and *why */
	REPAIR_GONE,       /* there is no such file (any more) */
	REPAIR_FOREIGN,    /* not a segment of this recorder: left unchanged */
	REPAIR_FAILED,     /* the disk refused; *why says why */
};

/* What *entry does not contain of a repaired segment. */
struct segment_end {
	uint8_t boot_id[16];
	int64_t last_mono_us; /* capture time of the last frame, by the clock of boot_id */
	bool was_open;        /* it had not been finished before */
};

/*
 * Finishes a segment after a clean close. Its index is trusted if it agrees with the file's size; otherwise this is
 * segment_repair(). `end` may be NULL.
 */
enum repair_outcome segment_finish(int folder, const char *file, struct catalogue_entry *entry, struct segment_end *end,
				   struct reason *why);

/*
 * Reads the fragments of the whole file, repairs what is damaged, cuts off a torn end, replaces an index that differs,
 * and finishes the segment. If the file is open or shows damage, every byte of it is read and checked.
 */
enum repair_outcome segment_repair(int folder, const char *file, struct catalogue_entry *entry, struct segment_end *end,
				   struct reason *why);

#endif
