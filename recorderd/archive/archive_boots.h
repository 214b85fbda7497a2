/*
 * archive_boots.h - the boots in which an archive was recorded, by the kernel's boot id.
 *
 * Monotonic times of one boot can be compared with each other; those of two boots cannot.
 */
#ifndef RECORDERD_ARCHIVE_ARCHIVE_BOOTS_H
#define RECORDERD_ARCHIVE_ARCHIVE_BOOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/segment/catalogue.h"

struct archive_boot {
	uint8_t id[16];
	int64_t newest_mono_us; /* end of the latest of its segments; -1: none has been looked at */
	int64_t offset_us;      /* wall time less monotonic time at the end of that segment */
	int64_t last_mono_us;   /* beginning of the segment that was looked at last, */
	int64_t last_wall_us;   /* and the same by the wall clock */
	bool was_set;           /* the wall clock was set during this boot */
	bool is_wrong;          /* two segments began at one monotonic time, but at different wall times */
};

/* A zeroed one is empty. */
struct archive_boots {
	struct archive_boot *list; /* owned */
	size_t count, capacity;
	size_t last; /* index of the boot found last, which is usually the next one too */
};

#define ARCHIVE_BOOT_UNKNOWN SIZE_MAX

/*
 * Index of the entry's boot, which is added if it is new. Returns ARCHIVE_BOOT_UNKNOWN if the entry names no boot or if
 * there is no memory.
 */
size_t archive_boots_find(struct archive_boots *boots, const struct catalogue_entry *entry);
void archive_boots_free(struct archive_boots *boots);

/* When the segment ended, by the monotonic clock of its boot. */
static inline int64_t archive_boots_end_mono_us(const struct catalogue_entry *entry)
{
	return entry->first_mono_us + (entry->end_wall_us - entry->start_wall_us);
}

#endif
