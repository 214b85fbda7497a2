/* transcode_internal.h - what the process that encodes the parts of a clip leaves for the one that joins them. */
#ifndef FCGI_TRANSCODE_TRANSCODE_INTERNAL_H
#define FCGI_TRANSCODE_TRANSCODE_INTERNAL_H

#include <assert.h>
#include <stdint.h>

/*
 * FFmpeg's times start at 0 with the first frame that it gets. So the wall time of that frame, and the number of frames
 * that it got, are appended to its output in a `free` box. The box never leaves this machine.
 */
struct part_end {
	uint8_t box[8]; /* size and type */
	int64_t first_wall_us;
	uint64_t frames;
};

static_assert(sizeof(struct part_end) == 24, "no padding");

enum part_outcome {
	PART_MADE,
	PART_EMPTY,       /* nothing of it could be decoded */
	PART_OVERWRITTEN, /* the ring has overwritten frames that were still to be encoded */
	PART_FAILED,
};

#endif
