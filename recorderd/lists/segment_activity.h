/*
 * segment_activity.h - whether something happened in a segment, by the rule of shared/motion/motion_event.h for the
 * whole picture.
 */
#ifndef RECORDERD_LISTS_SEGMENT_ACTIVITY_H
#define RECORDERD_LISTS_SEGMENT_ACTIVITY_H

#include <stddef.h>

#include "shared/motion/motion_list.h"
#include "shared/motion/motion_record.h"
#include "shared/segment/catalogue.h"

enum segment_activity {
	ACTIVITY_UNKNOWN, /* no event is known, but too many seconds are not known at all */
	ACTIVITY_STILL,   /* no event */
	ACTIVITY_FAINT,   /* only its records can tell */
	ACTIVITY_EVENTS,  /* an event, or a part of one that may go on in the segment before or after */
};

/* By its joined cells. */
enum segment_activity segment_activity_of_entry(const struct catalogue_entry *segment,
						const struct motion_list_entry *entry);

/* By its records, which are in the order of their seconds. Never ACTIVITY_FAINT. */
enum segment_activity segment_activity_of_records(const struct catalogue_entry *segment,
						  const struct motion_record *records, size_t count);

#endif
