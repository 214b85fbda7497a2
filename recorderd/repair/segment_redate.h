/*
 * segment_redate.h - corrects the times of a segment that was recorded while the clock was wrong.
 *
 * The times are in the uuid box, in the index, in the .motion file and in the files' names, and the final moov has the
 * time of creation. The files are renamed first, then the index and the .motion file are replaced, then the box and the
 * moov are overwritten in place. No byte of
 * the media moves, so whoever is reading the file can go on. Each step can be interrupted: the segment is marked
 * SEGMENT_CLOCK_DOUBTFUL until the box is written, and then all of it is done again.
 */
#ifndef RECORDERD_REPAIR_SEGMENT_REDATE_H
#define RECORDERD_REPAIR_SEGMENT_REDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/reason.h"
#include "shared/segment/catalogue.h"

/*
 * The segment, which is complete, began at first_wall_us, and the one before it ended at last_wall_us (0: there is
 * none). *entry describes it afterwards, with its new name. Returns false and sets *why on failure; then entry->file is
 * the name that the file has now, and nothing else of *entry is changed.
 */
bool segment_redate(int folder, const char *file, int64_t first_wall_us, int64_t last_wall_us,
		    struct catalogue_entry *entry, struct reason *why);

/* Takes the mark off a complete segment whose times cannot be corrected. Returns false and sets *why on failure. */
bool segment_keep_times(int folder, const char *file, struct reason *why);

#endif
