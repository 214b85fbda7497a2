/*
 * timelapse.h - which frames a timelapse shows: of each slot of max(1, speed / 30) s the first key frame, so that at
 * most 30 a second are played. Slots count from the beginning of the range, in wall time.
 */
#ifndef FCGI_CLIP_TIMELAPSE_H
#define FCGI_CLIP_TIMELAPSE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi/clip/clip_plan.h"

struct timelapse {
	int64_t from_us, step_us;
	int64_t slot; /* of the frame that was taken last */
	bool taken;   /* one was */
};

void timelapse_init(struct timelapse *lapse, int64_t from_us, unsigned speed);

enum timelapse_outcome {
	TIMELAPSE_FRAME,   /* *record is shown; the search goes on behind it */
	TIMELAPSE_END,     /* none any more in this stretch */
	TIMELAPSE_DAMAGED, /* the index ends before the stretch does */
};

/* The next frame of a stretch from record *number on. The records in between are skipped, not read. */
enum timelapse_outcome timelapse_next(struct timelapse *lapse, const struct clip_slice *stretch, uint64_t *number,
				      struct index_record *record);

#endif
