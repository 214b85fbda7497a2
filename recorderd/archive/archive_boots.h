/*
 * archive_boots.h - the boots of machines in which an archive was recorded, by the kernel's boot id. The monotonic
 * times of one boot can be compared with each other; those of two cannot.
 */
#ifndef RECORDERD_ARCHIVE_ARCHIVE_BOOTS_H
#define RECORDERD_ARCHIVE_ARCHIVE_BOOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/segment/catalogue.h"

struct archive_boot {
	uint8_t id[16];
	int64_t newest_mono_us; /* end of the latest segment that was entered */
	int64_t offset_us;      /* wall time less monotonic time, as that segment had it */
	int64_t last_mono_us;   /* beginning of the segment that was entered last, */
	int64_t last_wall_us;   /* and by the wall clock */
	bool was_set;           /* its wall clock, while it was recorded in */
	bool is_wrong;          /* two segments began at one monotonic time, and at different ones by the wall clock */
};

/* A zeroed one is empty. */
struct archive_boots {
	struct archive_boot *list; /* owned */
	size_t count, room;
	size_t last; /* the one that was found last: mostly the next one too */
};

#define ARCHIVE_BOOT_UNKNOWN SIZE_MAX

/* The place of the entry's boot, which is entered where it is new; ARCHIVE_BOOT_UNKNOWN where it is not known (or memory is
 * short). */
size_t archive_boots_find(struct archive_boots *boots, const struct catalogue_entry *entry);
void archive_boots_free(struct archive_boots *boots);

/* When the segment ended, by its boot's monotonic clock. */
static inline int64_t archive_boots_end_mono_us(const struct catalogue_entry *entry)
{
	return entry->first_mono_us + (entry->end_wall_us - entry->start_wall_us);
}

#endif
