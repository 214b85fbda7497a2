/* second.h - from what moved in the pictures of a second to its record (shared/motion/motion_record.h). */
#ifndef MOTION_SECOND_H
#define MOTION_SECOND_H

#include <stdbool.h>
#include <stdint.h>

#include "motion/detector/detector.h"
#include "shared/motion/motion_record.h"

struct second {
	int64_t second; /* seconds since 1970-01-01 00:00 UTC */
	int pictures;   /* that were looked at */
	int learning, global, dark;
	int likeness_known;
	float strength[MOTION_CELLS];
	float mean, sharpness, likeness, gain; /* sums */
	uint64_t jpeg_bytes;
};

void second_begin(struct second *second, int64_t number);
void second_add(struct second *second, const struct detection *detection, size_t jpeg_bytes);

/* `fps`: how many pictures were asked for. The second has at least one. The record is sealed for the pipe. */
void second_finish(const struct second *second, int fps, struct motion_record *out);

#endif
