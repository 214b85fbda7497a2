/*
 * timelapse.h - chooses the frames of a timelapse.
 *
 * The range is divided into slots of max(1, speed / 30) seconds of wall time, counted from its beginning. A timelapse
 * shows the first key frame of each slot, so at most 30 frames are played per second.
 */
#ifndef FCGI_CLIP_TIMELAPSE_H
#define FCGI_CLIP_TIMELAPSE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"

struct timelapse {
	int64_t from_us, step_us; /* beginning of the range; length of a slot */
	int64_t slot;             /* of the last frame that was chosen */
	bool has_slot;            /* `slot` is set */
};

void timelapse_init(struct timelapse *timelapse, int64_t from_us, unsigned speed);

enum timelapse_outcome {
	TIMELAPSE_FRAME,   /* *record is shown; *number is where to continue */
	TIMELAPSE_END,     /* no further frame in this slice */
	TIMELAPSE_DAMAGED, /* the index ends before the slice does */
};

/* Finds the next frame of a slice, from record *number on. Skips the records in between without reading them. */
enum timelapse_outcome timelapse_next(struct timelapse *timelapse, const struct clip_slice *slice, uint64_t *number,
				      struct index_record *record);

#endif
