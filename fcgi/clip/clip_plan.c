/*
 * clip_plan.c - from a range of time to ranges of frames: see clip_plan.h.
 */
#include "fcgi/clip/clip_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_A_READ 32u
#define RECORDS_A_READ 256u
#define SLACK_MIN_US   INT64_C(100000)
#define PIECES_MAX     64u /* of one segment: each holds a descriptor */

int64_t clip_slice_end_us(const struct clip_slice *stretch)
{
	return stretch->tail.wall_us + (int64_t)stretch->tail.duration_us;
}

int64_t clip_slack_us(const struct index_record *record)
{
	int64_t slack_us = (int64_t)record->duration_us * 3 / 2;

	return slack_us > SLACK_MIN_US ? slack_us : SLACK_MIN_US;
}

/* An index whose time or place runs backwards contradicts itself. */
static bool stretch_ends_read(struct clip_slice *stretch)
{
	return clip_segment_read(&stretch->segment, stretch->first, 1, &stretch->head) == 1 &&
	       clip_segment_read(&stretch->segment, stretch->end - 1, 1, &stretch->tail) == 1 &&
	       stretch->tail.offset >= stretch->head.offset && stretch->tail.wall_us >= stretch->head.wall_us;
}

bool clip_slice_whole(struct clip_segment *segment, enum clip_origin origin, struct clip_slice *out)
{
	*out = (struct clip_slice){.segment = *segment, .end = segment->count, .origin = origin};
	out->first = clip_segment_key_frame(segment, 0);
	if (out->first < out->end && stretch_ends_read(out))
		return true;
	clip_segment_close(&out->segment, false);
	return false;
}

bool clip_plan_insert(struct clip_plan *plan, size_t at, struct clip_slice *stretch)
{
	if (plan->count == plan->room) {
		size_t room = plan->room ? plan->room * 2 : 4;
		struct clip_slice *grown = reallocarray(plan->slices, room, sizeof(*grown));
		if (!grown) {
			clip_segment_close(&stretch->segment, false);
			return false;
		}
		plan->slices = grown;
		plan->room = room;
	}
	memmove(plan->slices + at + 1, plan->slices + at, (plan->count - at) * sizeof(*stretch));
	plan->slices[at] = *stretch;
	plan->count++;
	return true;
}

void clip_plan_replace(struct clip_plan *plan, size_t at, struct clip_slice *stretch)
{
	stretch->follows = plan->slices[at].follows;
	clip_segment_close(&plan->slices[at].segment, false);
	plan->slices[at] = *stretch;
}

void clip_plan_remove(struct clip_plan *plan, size_t at)
{
	clip_segment_close(&plan->slices[at].segment, false);
	plan->count--;
	memmove(plan->slices + at, plan->slices + at + 1, (plan->count - at) * sizeof(*plan->slices));
	if (at < plan->count)
		plan->slices[at].follows = false;
}

/* The stretch of [from, to) in an opened segment; false where no frame of it lies in there. */
static bool stretch_cut(const struct clip_plan *plan, struct clip_slice *stretch)
{
	const struct clip_segment *segment = &stretch->segment;

	stretch->first = clip_segment_find(segment, plan->from_us);
	stretch->end = clip_segment_find(segment, plan->to_us);
	if (stretch->first >= stretch->end)
		return false;
	stretch->first = clip_segment_key_frame(segment, stretch->first);
	return stretch->first < stretch->end && stretch_ends_read(stretch) && stretch->tail.wall_us < plan->to_us;
}

/* Where the recorder says that one segment continues another, time only grows over both, so their border is in the
 * range. The disk may have lost the end of the one before. */
static bool stretch_follows(const struct clip_slice *before, const struct clip_slice *stretch)
{
	return stretch->segment.entry.gap_cause == GAP_NONE && stretch->first == 0 &&
	       !(stretch->head.flags & INDEX_AFTER_HOLE) &&
	       before->segment.entry.segment_no + 1 == stretch->segment.entry.segment_no &&
	       stretch->segment.entry.last_wall_us - clip_slice_end_us(before) <= clip_slack_us(&before->tail);
}

/* Who opened no segment had `error`: it may be gone, or damaged, or out of reach. */
static enum plan_outcome plan_without(struct clip_plan *plan, int error)
{
	enum clip_segment_error trouble = clip_segment_classify(error);

	if (trouble == CLIP_SEGMENT_NO_RESOURCES)
		return PLAN_ERROR;
	if (trouble == CLIP_SEGMENT_UNREADABLE)
		plan->unreadable = error;
	return PLAN_OK;
}

/* The record before `end` and behind `first` in front of which frames are damaged; `end` where there is none. */
static uint64_t find_hole(const struct clip_segment *segment, uint64_t first, uint64_t end)
{
	struct index_record records[RECORDS_A_READ];

	for (uint64_t next = first + 1; next < end;) {
		size_t wanted = end - next < RECORDS_A_READ ? (size_t)(end - next) : RECORDS_A_READ;
		size_t got = clip_segment_read(segment, next, wanted, records);
		for (size_t i = 0; i < got; i++)
			if (records[i].flags & INDEX_AFTER_HOLE)
				return next + i;
		if (got < wanted)
			return end;
		next += got;
	}
	return end;
}

/* Adds a stretch, and keeps its segment open only where few are. */
static bool add_stretch(struct clip_plan *plan, struct clip_slice *stretch)
{
	if (plan->count >= PLAN_OPEN_MAX)
		clip_segment_release(&stretch->segment);
	return clip_plan_insert(plan, plan->count, stretch);
}

/* Adds a stretch; what lies behind damaged frames in it becomes one of its own. */
static enum plan_outcome plan_pieces(struct clip_slice *stretch, struct clip_plan *plan)
{
	uint64_t end = stretch->end;

	for (unsigned pieces = 1; stretch->segment.entry.holes && pieces < PIECES_MAX; pieces++) {
		struct clip_slice rest = {.origin = CLIP_DISK};
		uint64_t hole = find_hole(&stretch->segment, stretch->first, end);
		if (hole == end)
			break;
		if (!clip_segment_open(plan->folder, &stretch->segment.entry, &rest.segment)) {
			clip_segment_close(&stretch->segment, false);
			return PLAN_ERROR;
		}
		rest.first = hole;
		rest.end = end;
		stretch->end = hole;
		bool good = stretch_ends_read(stretch) && stretch_ends_read(&rest);
		if (!add_stretch(plan, stretch) || !good) {
			clip_segment_close(&rest.segment, false);
			return PLAN_ERROR;
		}
		*stretch = rest;
	}
	return add_stretch(plan, stretch) ? PLAN_OK : PLAN_ERROR;
}

static enum plan_outcome plan_entry(const struct catalogue_entry *entry, struct clip_plan *plan)
{
	struct clip_slice stretch = {.origin = CLIP_DISK};
	bool ended_before = entry->state == CATALOGUE_COMPLETE && entry->end_wall_us <= plan->from_us;

	if (entry->start_wall_us >= plan->to_us || ended_before)
		return PLAN_OK;
	plan->is_open |= entry->state != CATALOGUE_COMPLETE;
	errno = 0;
	if (!clip_segment_open(plan->folder, entry, &stretch.segment))
		return plan_without(plan, errno);
	if (!stretch_cut(plan, &stretch)) {
		clip_segment_close(&stretch.segment, false);
		return PLAN_OK;
	}
	if (plan->count > 0)
		stretch.follows = stretch_follows(&plan->slices[plan->count - 1], &stretch);
	return plan_pieces(&stretch, plan);
}

/* A part of the list could not be read, or is damaged (errno 0): nobody knows what it names. */
static enum plan_outcome plan_without_list(struct clip_plan *plan, int error)
{
	plan->unreadable = error != 0 ? error : EBADMSG;
	return PLAN_OK;
}

static enum plan_outcome plan_entries(const struct catalogue *catalogue, struct clip_plan *plan)
{
	struct catalogue_entry entries[ENTRIES_A_READ];
	uint64_t next, end;

	errno = 0;
	if (!catalogue_range(catalogue, plan->from_us, plan->to_us, &next, &end))
		return plan_without_list(plan, errno);
	while (next < end) {
		size_t wanted = end - next < ENTRIES_A_READ ? (size_t)(end - next) : ENTRIES_A_READ;
		errno = 0;
		size_t got = catalogue_read(catalogue, next, wanted, entries);
		int error = errno;
		for (size_t i = 0; i < got; i++) {
			enum plan_outcome outcome = plan_entry(&entries[i], plan);
			if (outcome != PLAN_OK)
				return outcome;
		}
		if (got < wanted)
			return plan_without_list(plan, error);
		next += got;
	}
	return PLAN_OK;
}

enum plan_outcome clip_plan_make(int folder, int64_t from_us, int64_t to_us, struct clip_plan *out)
{
	enum plan_outcome outcome;
	struct catalogue catalogue;

	*out = (struct clip_plan){.from_us = from_us, .to_us = to_us};
	switch (catalogue_open(folder, &catalogue)) {
	case CATALOGUE_OK:
		break;
	case CATALOGUE_MISSING:
		return PLAN_OK;
	case CATALOGUE_INVALID:
	case CATALOGUE_ERROR:
		out->unreadable = errno;
		return plan_without(out, errno);
	}
	out->folder = fcntl(folder, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	outcome = out->folder < 0 ? PLAN_ERROR : plan_entries(&catalogue, out);
	int error = errno;
	catalogue_close(&catalogue);
	if (outcome != PLAN_OK)
		clip_plan_free(out);
	errno = error;
	return outcome;
}

void clip_plan_free(struct clip_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		clip_segment_close(&plan->slices[i].segment, false);
	free(plan->slices);
	if (plan->folder > 0)
		close(plan->folder);
	*plan = (struct clip_plan){0};
}
