/* day_list.h - reads a day list (shared/store/ship_list.h) from the store. A pure function of hostile bytes. */
#ifndef OFFSITE_REMOTE_DAY_LIST_H
#define OFFSITE_REMOTE_DAY_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/store/object_name.h"
#include "shared/store/ship_list.h"

/*
 * Sets *out to the entries, in memory of its own, and *count to how many there are; NULL if there are none. Returns
 * false without memory, or if the bytes are anything but the whole list of that day, as its name says, of files whose
 * sizes can be and that are not encrypted.
 */
bool day_list_parse(const void *data, size_t length, const struct object_name *name, struct ship_list_entry **out,
		    size_t *count);

#endif
