/* clip_plan.c - finds the frames of a range of wall time. */
#include "fcgi/clip/clip_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_PER_READ 32u
#define PIECES_MAX       64u /* of one segment, each with a descriptor */

uint64_t clip_plan_frames(const struct clip_plan *plan)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < plan->count; i++)
		frames += plan->slices[i].end - plan->slices[i].first;
	return frames;
}

bool clip_plan_insert(struct clip_plan *plan, size_t at, struct clip_slice *slice)
{
	if (plan->count == plan->capacity) {
		size_t capacity = plan->capacity ? plan->capacity * 2 : 4;
		struct clip_slice *grown = reallocarray(plan->slices, capacity, sizeof(*grown));
		if (!grown) {
			segment_reader_close(&slice->segment, false);
			return false;
		}
		plan->slices = grown;
		plan->capacity = capacity;
	}
	memmove(plan->slices + at + 1, plan->slices + at, (plan->count - at) * sizeof(*slice));
	plan->slices[at] = *slice;
	plan->count++;
	return true;
}

void clip_plan_replace(struct clip_plan *plan, size_t at, struct clip_slice *slice)
{
	slice->follows = plan->slices[at].follows;
	slice->from_us = plan->slices[at].from_us;
	slice->to_us = plan->slices[at].to_us;
	segment_reader_close(&plan->slices[at].segment, false);
	plan->slices[at] = *slice;
}

void clip_plan_remove(struct clip_plan *plan, size_t at)
{
	segment_reader_close(&plan->slices[at].segment, false);
	plan->count--;
	memmove(plan->slices + at, plan->slices + at + 1, (plan->count - at) * sizeof(*plan->slices));
	if (at < plan->count)
		plan->slices[at].follows = false;
}

/*
 * Whether no frame is missing between two slices. If the recorder says that one segment continues the other, time only
 * grows across both, so their border is in the range; but the disk may have lost the end of the first one.
 */
static bool slice_follows(const struct clip_slice *before, const struct clip_slice *slice)
{
	return slice->segment.entry.gap_cause == GAP_NONE && slice->first == 0 &&
	       !(slice->head.flags & INDEX_AFTER_HOLE) &&
	       before->segment.entry.segment_no + 1 == slice->segment.entry.segment_no &&
	       slice->segment.entry.last_wall_us - clip_slice_end_us(before) <= clip_slack_us(&before->tail);
}

/* Continues without a segment that could not be opened. */
static enum plan_outcome plan_without(struct clip_plan *plan, int error)
{
	switch (segment_reader_classify(error)) {
	case SEGMENT_READER_NO_RESOURCES:
		return PLAN_ERROR;
	case SEGMENT_READER_UNREADABLE:
		plan->unreadable = error;
		break;
	case SEGMENT_READER_DELETED:
	case SEGMENT_READER_DAMAGED:
		break;
	}
	return PLAN_OK;
}

/* Adds a slice, and keeps its segment open if not too many are. */
static bool add_slice(struct clip_plan *plan, struct clip_slice *slice)
{
	if (plan->count >= PLAN_OPEN_MAX)
		segment_reader_release(&slice->segment);
	return clip_plan_insert(plan, plan->count, slice);
}

/* Adds a slice, divided where frames are damaged. */
static enum plan_outcome plan_pieces(struct clip_slice *slice, struct clip_plan *plan)
{
	uint64_t end = slice->end;

	for (unsigned pieces = 1; slice->segment.entry.holes && pieces < PIECES_MAX; pieces++) {
		struct clip_slice rest = {.origin = CLIP_DISK};
		uint64_t hole = clip_slice_find_hole(&slice->segment, slice->first, end);
		if (hole == end)
			break;
		if (!segment_reader_open(plan->folder, &slice->segment.entry, &rest.segment)) {
			segment_reader_close(&slice->segment, false);
			return PLAN_ERROR;
		}
		rest.first = hole;
		rest.end = end;
		slice->end = hole;
		bool good = clip_slice_read_ends(&slice->segment, slice) && clip_slice_read_ends(&rest.segment, &rest);
		if (!add_slice(plan, slice) || !good) {
			segment_reader_close(&rest.segment, false);
			return PLAN_ERROR;
		}
		*slice = rest;
	}
	return add_slice(plan, slice) ? PLAN_OK : PLAN_ERROR;
}

/* Inserts a slice of a part, or makes the slice before longer if both have the same key frame. */
static bool add_part(struct clip_plan *plan, struct clip_slice *slice, size_t first_of_segment)
{
	struct clip_slice *before = plan->count > first_of_segment ? &plan->slices[plan->count - 1] : NULL;

	if (!before || slice->first >= before->end)
		return clip_plan_insert(plan, plan->count, slice);
	before->end = slice->end;
	before->tail = slice->tail;
	before->to_us = slice->to_us;
	return true;
}

/* Adds the frames of one part, divided where frames are damaged. */
static enum plan_outcome plan_part(const struct segment_reader *segment, const struct clip_part *part,
				   size_t first_of_segment, struct clip_plan *plan)
{
	struct clip_slice slice = {.origin = CLIP_DISK, .from_us = part->from_us, .to_us = part->to_us};

	if (!clip_slice_find(segment, part->from_us, part->to_us, &slice))
		return PLAN_OK;
	slice.segment = segment_reader_unopened(segment);
	for (uint64_t end = slice.end; slice.first < end; slice.first = slice.end) {
		slice.end = segment->entry.holes ? clip_slice_find_hole(segment, slice.first, end) : end;
		if (!clip_slice_read_ends(segment, &slice))
			return PLAN_OK;
		slice.follows = plan->count > 0 && slice_follows(&plan->slices[plan->count - 1], &slice);
		if (!add_part(plan, &slice, first_of_segment))
			return PLAN_ERROR;
	}
	return PLAN_OK;
}

/* The first part that ends after wall_us. */
static size_t find_part(const struct clip_plan *plan, int64_t wall_us)
{
	size_t low = 0, high = plan->part_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (plan->parts[middle].to_us <= wall_us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds those parts that a segment has. Only the segment of the plan's first slice stays open. */
static enum plan_outcome plan_parts(const struct catalogue_entry *entry, struct clip_plan *plan)
{
	size_t part = find_part(plan, entry->start_wall_us), first_of_segment = plan->count;
	int64_t end_us = entry->state == CATALOGUE_COMPLETE ? entry->end_wall_us : INT64_MAX;
	enum plan_outcome outcome = PLAN_OK;
	struct segment_reader segment;

	if (part == plan->part_count || plan->parts[part].from_us >= end_us)
		return PLAN_OK;
	errno = 0;
	if (!segment_reader_open(plan->folder, entry, &segment))
		return plan_without(plan, errno);
	for (; outcome == PLAN_OK && part < plan->part_count && plan->parts[part].from_us < end_us; part++)
		outcome = plan_part(&segment, &plan->parts[part], first_of_segment, plan);
	if (first_of_segment == 0 && plan->count > 0)
		plan->slices[0].segment = segment;
	else
		segment_reader_close(&segment, false);
	return outcome;
}

static enum plan_outcome plan_entry(const struct catalogue_entry *entry, struct clip_plan *plan)
{
	struct clip_slice slice = {.origin = CLIP_DISK};
	bool ended_before = entry->state == CATALOGUE_COMPLETE && entry->end_wall_us <= plan->from_us;

	if (entry->start_wall_us >= plan->to_us || ended_before)
		return PLAN_OK;
	plan->is_open |= entry->state != CATALOGUE_COMPLETE;
	if (plan->parts)
		return plan_parts(entry, plan);
	errno = 0;
	if (!segment_reader_open(plan->folder, entry, &slice.segment))
		return plan_without(plan, errno);
	if (!clip_slice_find(&slice.segment, plan->from_us, plan->to_us, &slice)) {
		segment_reader_close(&slice.segment, false);
		return PLAN_OK;
	}
	if (plan->count > 0)
		slice.follows = slice_follows(&plan->slices[plan->count - 1], &slice);
	return plan_pieces(&slice, plan);
}

/* Continues without a part of the list that could not be read or is damaged (errno 0): nobody knows what was in it. */
static enum plan_outcome plan_without_list(struct clip_plan *plan, int error)
{
	plan->unreadable = error != 0 ? error : EBADMSG;
	return PLAN_OK;
}

static enum plan_outcome plan_entries(const struct catalogue *catalogue, struct clip_plan *plan)
{
	struct catalogue_entry entries[ENTRIES_PER_READ];
	uint64_t next, end;

	errno = 0;
	if (!catalogue_range(catalogue, plan->from_us, plan->to_us, &next, &end))
		return plan_without_list(plan, errno);
	while (next < end) {
		size_t wanted = end - next < ENTRIES_PER_READ ? (size_t)(end - next) : ENTRIES_PER_READ;
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

/* Fills in a plan that has only its range, and perhaps the parts. */
static enum plan_outcome plan_make(int folder, struct clip_plan *out)
{
	enum plan_outcome outcome;
	struct catalogue catalogue;

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
	out->unsettled_from_us = catalogue.unsettled_from_us;
	out->folder = fcntl(folder, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	outcome = out->folder < 0 ? PLAN_ERROR : plan_entries(&catalogue, out);
	int error = errno;
	catalogue_close(&catalogue);
	if (outcome != PLAN_OK)
		clip_plan_free(out);
	errno = error;
	return outcome;
}

enum plan_outcome clip_plan_make(int folder, int64_t from_us, int64_t to_us, struct clip_plan *out)
{
	*out = (struct clip_plan){.from_us = from_us, .to_us = to_us};
	return plan_make(folder, out);
}

enum plan_outcome clip_plan_make_parts(int folder, int64_t from_us, int64_t to_us, const struct clip_part *parts,
				       size_t count, struct clip_plan *out)
{
	static const struct clip_part none;

	*out = (struct clip_plan){.from_us = from_us, .to_us = to_us, .part_count = count, .packed = true};
	out->parts = count > 0 ? parts : &none;
	enum plan_outcome outcome = plan_make(folder, out);
	out->parts = NULL;
	out->part_count = 0;
	return outcome;
}

bool clip_plan_open_slice(struct clip_plan *plan, size_t at)
{
	return segment_reader_reopen(&plan->slices[at].segment);
}

bool clip_plan_close_slice(struct clip_plan *plan, size_t at)
{
	struct segment_reader *segment = &plan->slices[at].segment;
	struct clip_slice *next = at + 1 < plan->count ? &plan->slices[at + 1] : NULL;

	if (!next || segment->adopted || next->origin != CLIP_DISK || next->segment.fd > 0 ||
	    next->segment.entry.segment_no != segment->entry.segment_no) {
		segment_reader_release(segment);
		return false;
	}
	segment_reader_hand_over(segment, &next->segment);
	return true;
}

void clip_plan_free(struct clip_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		segment_reader_close(&plan->slices[i].segment, false);
	free(plan->slices);
	if (plan->folder > 0)
		close(plan->folder);
	*plan = (struct clip_plan){0};
}
