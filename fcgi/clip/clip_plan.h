/*
 * clip_plan.h - finds which frames of which segments make up a range of wall time, or parts of one.
 *
 * A plan is a list of slices (clip_slice.h) in the order of recording. After the clock was set back, two slices can
 * cover the same time.
 *
 * The first PLAN_OPEN_MAX segments stay open, so deleting one cannot spoil the clip. The others are released: whoever
 * reads one opens it first (clip_plan_open_slice) and closes it afterwards. A plan of parts has many slices of the same
 * segment, so only the first slice stays open, and a segment that was opened for one slice is handed on to the next.
 */
#ifndef FCGI_CLIP_CLIP_PLAN_H
#define FCGI_CLIP_CLIP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/clip/clip_slice.h"

#define PLAN_OPEN_MAX 48u /* segments that stay open: six hours, at the default of ten minutes each */

/* Part of a range of wall time. */
struct clip_part {
	int64_t from_us, to_us; /* to_us is exclusive */
};

struct clip_plan {
	int64_t from_us, to_us; /* wall time; to_us is exclusive */
	struct clip_slice *slices;
	size_t count, capacity;
	int folder;                    /* of the segments, owned; 0 if there is none */
	int unreadable;                /* errno of what may belong to the range and could not be read; 0: nothing */
	int64_t unsettled_from_us;     /* catalogue_header.unsettled_from_us */
	bool is_open;                  /* the range reaches into an incomplete segment */
	const struct clip_part *parts; /* only while the plan is made; NULL: all of the range */
	size_t part_count;
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

/*
 * The same for some parts of the range only. They are whole seconds, in ascending order, and do not touch. Their slices
 * are cut (clip_slice.h), and the clip is packed.
 */
enum plan_outcome clip_plan_make_parts(int folder, int64_t from_us, int64_t to_us, const struct clip_part *parts,
				       size_t count, struct clip_plan *out);

void clip_plan_free(struct clip_plan *plan);

/* How many frames all slices have. */
uint64_t clip_plan_frames(const struct clip_plan *plan);

/*
 * Opens the segment of the slice at index `at`, unless it is open. Returns false with errno, as segment_reader_open()
 * does. clip_plan_close_slice() closes it, unless the next slice is of the same segment and takes it over: then it
 * returns true. Call it only for slices that clip_plan_open_slice() has opened, or that have taken over.
 */
bool clip_plan_open_slice(struct clip_plan *plan, size_t at);
bool clip_plan_close_slice(struct clip_plan *plan, size_t at);

/* Inserts a slice before index `at`, or replaces the one there. Takes over the slice, even if it returns false. */
bool clip_plan_insert(struct clip_plan *plan, size_t at, struct clip_slice *slice);
void clip_plan_replace(struct clip_plan *plan, size_t at, struct clip_slice *slice);

/* Removes the slice at index `at` and closes its segment. */
void clip_plan_remove(struct clip_plan *plan, size_t at);

#endif
