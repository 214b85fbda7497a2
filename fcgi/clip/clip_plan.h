/*
 * clip_plan.h - which frames of which segments make up a range of wall time.
 *
 * A plan is a list of slices in the order of recording; each is a row of frames of one segment without a damaged one
 * in between, and in the file one contiguous range of bytes. Frames with from <= wall time < to belong to it. Where the
 * first of them is no key frame, the stretch starts at the key frame before it in the same segment. After the clock was
 * set back, two slices cover the same time.
 *
 * The first PLAN_OPEN_MAX segments stay open, so that nobody who deletes one spoils the clip. The others are released:
 * whoever reads of one reopens it, and releases it again (clip_segment.h).
 */
#ifndef FCGI_CLIP_CLIP_PLAN_H
#define FCGI_CLIP_CLIP_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi/clip/clip_segment.h"

#define PLAN_OPEN_MAX 48u /* segments of a plan that stay open: six hours of ten minutes each */

enum clip_origin { CLIP_DISK, CLIP_MEMORY, CLIP_TRANSCODED };

struct clip_slice {
	struct clip_segment segment;    /* owned */
	uint64_t first, end;            /* records */
	struct index_record head, tail; /* the first and the last of them */
	enum clip_origin origin;
	bool follows; /* not one frame is missing between the stretch before it and this one */
};

struct clip_plan {
	int64_t from_us, to_us; /* wall time, to exclusive */
	struct clip_slice *slices;
	size_t count, room;
	int folder;     /* of the segments, owned; 0: none */
	int unreadable; /* errno of something that may belong to it and could not be read; 0: nothing */
	bool is_open;   /* the range reaches into a segment that is not complete */
};

enum plan_outcome {
	PLAN_OK,    /* maybe without a stretch */
	PLAN_ERROR, /* errno: memory, descriptors */
};

/* Plans from the list of segments in `folder`; no list is an empty plan, and so is one that cannot be read
 * (unreadable). clip_plan_free() frees; safe on a zeroed one. */
enum plan_outcome clip_plan_make(int folder, int64_t from_us, int64_t to_us, struct clip_plan *out);
void clip_plan_free(struct clip_plan *plan);

/* Puts a stretch at place `at`, or in place of the one there. The stretch is taken, also on failure. */
bool clip_plan_insert(struct clip_plan *plan, size_t at, struct clip_slice *stretch);
void clip_plan_replace(struct clip_plan *plan, size_t at, struct clip_slice *stretch);

/* Takes the stretch at place `at` out, and closes it. */
void clip_plan_remove(struct clip_plan *plan, size_t at);

/* A stretch over all frames of an opened segment (taken); false, closing it, where it has none or no key frame. */
bool clip_slice_whole(struct clip_segment *segment, enum clip_origin origin, struct clip_slice *out);

/* Where the last frame of a stretch ends. */
int64_t clip_slice_end_us(const struct clip_slice *stretch);

/* How late a first frame, or how early a last one, still counts as nothing missing: 1.5 frames, at least 100 ms. */
int64_t clip_slack_us(const struct index_record *record);

#endif
