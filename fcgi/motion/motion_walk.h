/*
 * motion_walk.h - goes through the records of a range, forwards or backwards in time, reading as little as it can.
 *
 * Only records that are needed are passed on: those with a cell inside the mask that is strong enough, those with one
 * of some flags, or all. Records of the same second are joined before that (motion_record_join), whichever files they
 * are in, so it does not matter that segments overlap if the clock was set back.
 */
#ifndef FCGI_MOTION_MOTION_WALK_H
#define FCGI_MOTION_MOTION_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/motion/motion_need.h"
#include "fcgi/motion/motion_spans.h"
#include "shared/motion/motion_record.h"

struct motion_walk {
	int folder;                     /* of the recordings */
	int64_t from_second, to_second; /* [from, to) */
	bool backwards;
	const struct motion_need *need;

	/* Called for each second that is needed, in order. Returns false if no more are needed. */
	bool (*on_second)(const struct motion_record *record, void *context);
	void *context;

	struct motion_spans *covered; /* gets the known seconds of the whole range, ascending; NULL: not needed */

	/*
	 * Set by the walk: nothing that is still to be recorded or written can change what was found. All segments of
	 * the range are in the lists, which recorderd writes once a .motion file is complete, none of these files was lost,
	 * a later segment has begun, and no time in the range may still be corrected (catalogue_header.unsettled_from_us).
	 */
	bool settled;
};

/*
 * Returns false with errno if records may exist that cannot be read now (EIO, EACCES, a damaged list of segments), or
 * if memory or descriptors ran out. A .motion file that is missing or damaged is no error: its seconds are unknown.
 */
bool motion_walk_run(struct motion_walk *walk);

#endif
