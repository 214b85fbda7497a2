/*
 * clip_plan.h - finds which frames of which segments make up a range of wall time.
 *
 * A plan is a list of slices in the order of recording. A slice is a run of undamaged frames of one segment, and in the
 * file one contiguous range of bytes. It holds the frames with from_us <= wall time < to_us; if the first of them is
 * not a key frame, the slice starts at the key frame before it in the same segment. After the clock was set back, two
 * slices can cover the same time.
 *
 * The first PLAN_OPEN_MAX segments stay open, so deleting one cannot spoil the clip. The others are released: whoever
 * reads one reopens it first and releases it again afterwards (clip_segment.h).
 */
#ifndef FCGI_CLIP_CLIP_PLAN_H
#define FCGI_CLIP_CLIP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/clip/clip_segment.h"

#define PLAN_OPEN_MAX 48u /* segments that stay open: six hours, at the default of ten minutes each */

enum clip_origin { CLIP_DISK, CLIP_MEMORY, CLIP_TRANSCODED };

struct clip_slice {
	struct clip_segment segment;    /* owned */
	uint64_t first, end;            /* record numbers; end is exclusive */
	struct index_record head, tail; /* the records `first` and `end` - 1 */
	enum clip_origin origin;
	bool follows; /* no frame is missing between the previous slice and this one */
};

struct clip_plan {
	int64_t from_us, to_us; /* wall time; to_us is exclusive */
	struct clip_slice *slices;
	size_t count, capacity;
	int folder;                /* of the segments, owned; 0 if there is none */
	int unreadable;            /* errno of what may belong to the range and could not be read; 0: nothing */
	int64_t unsettled_from_us; /* catalogue_header.unsettled_from_us */
	bool is_open;              /* the range reaches into an incomplete segment */
	bool packed; /* its clip is packed however short it is (clip_build.h); false unless the owner sets it */
};

enum plan_outcome {
	PLAN_OK,    /* possibly without a slice */
	PLAN_ERROR, /* with errno: memory or descriptors ran out */
};

/*
 * Plans the range from the list of segments in `folder`. Without a list the plan is empty; with one that cannot be read
 * it is empty and `unreadable` is set. The caller frees the plan; freeing a zeroed one is safe.
 */
enum plan_outcome clip_plan_make(int folder, int64_t from_us, int64_t to_us, struct clip_plan *out);
void clip_plan_free(struct clip_plan *plan);

/* How many frames all slices have. */
uint64_t clip_plan_frames(const struct clip_plan *plan);

/* Inserts a slice before index `at`, or replaces the one there. Takes over the slice, even if it returns false. */
bool clip_plan_insert(struct clip_plan *plan, size_t at, struct clip_slice *slice);
void clip_plan_replace(struct clip_plan *plan, size_t at, struct clip_slice *slice);

/* Removes the slice at index `at` and closes its segment. */
void clip_plan_remove(struct clip_plan *plan, size_t at);

/*
 * Makes a slice of all frames of an opened segment, which it takes over. Returns false and closes the segment if it has
 * no frame or no key frame.
 */
bool clip_slice_whole(struct clip_segment *segment, enum clip_origin origin, struct clip_slice *out);

/* Wall time at which the last frame of a slice ends. */
int64_t clip_slice_end_us(const struct clip_slice *slice);

/* How late a first frame may be, or how early a last one, before something is missing: 1.5 frames, at least 100 ms. */
int64_t clip_slack_us(const struct index_record *record);

#endif
