/*
 * clip_slice.h - the part of a clip that comes from one segment.
 *
 * A slice is a run of undamaged frames, and in the file one contiguous range of bytes. It holds the frames of a range
 * of wall time, from_us <= wall time < to_us; if the first of them is not a key frame, the slice starts at the key
 * frame before it in the same segment.
 *
 * A cut slice is of one part of the range that was asked for. The time between two parts is left out of the clip, so
 * its last frame is shown until the part ends at most.
 */
#ifndef FCGI_CLIP_CLIP_SLICE_H
#define FCGI_CLIP_CLIP_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/segment/segment_reader.h"

enum clip_origin { CLIP_DISK, CLIP_MEMORY, CLIP_TRANSCODED };

struct clip_slice {
	struct segment_reader segment;  /* owned */
	uint64_t first, end;            /* record numbers; end is exclusive */
	struct index_record head, tail; /* the records `first` and `end` - 1 */
	enum clip_origin origin;
	bool follows;           /* no frame is missing between the previous slice and this one */
	int64_t from_us, to_us; /* of a cut slice: the part of the range; else 0 */
};

/*
 * Makes a slice of all frames of an opened segment, which it takes over. Returns false and closes the segment if it has
 * no frame or no key frame.
 */
bool clip_slice_whole(struct segment_reader *segment, enum clip_origin origin, struct clip_slice *out);

/* Finds the frames of [from_us, to_us) in an opened segment. False if there are none, or the index is damaged. */
bool clip_slice_find(const struct segment_reader *segment, int64_t from_us, int64_t to_us, struct clip_slice *slice);

/* Reads the records at both ends. Returns false if they contradict each other. */
bool clip_slice_read_ends(const struct segment_reader *segment, struct clip_slice *slice);

/* The first record after `first` that follows damaged frames; `end` if there is none before it. */
uint64_t clip_slice_find_hole(const struct segment_reader *segment, uint64_t first, uint64_t end);

static inline bool clip_slice_is_cut(const struct clip_slice *slice)
{
	return slice->to_us != 0;
}

/* Wall time at which the last frame of a slice ends; of a cut slice, at most the end of its part. */
int64_t clip_slice_end_us(const struct clip_slice *slice);

/* How late a first frame may be, or how early a last one, before something is missing: 1.5 frames, at least 100 ms. */
int64_t clip_slack_us(const struct index_record *record);

#endif
