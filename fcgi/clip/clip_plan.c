/* clip_plan.c - finds the frames of a range of wall time. */
#include "fcgi/clip/clip_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES_PER_READ 32u
#define RECORDS_PER_READ 256u
#define SLACK_MIN_US     INT64_C(100000)
#define PIECES_MAX       64u /* of one segment, each with a descriptor */

int64_t clip_slice_end_us(const struct clip_slice *slice)
{
	return slice->tail.wall_us + (int64_t)slice->tail.duration_us;
}

int64_t clip_slack_us(const struct index_record *record)
{
	int64_t slack_us = (int64_t)record->duration_us * 3 / 2;

	return slack_us > SLACK_MIN_US ? slack_us : SLACK_MIN_US;
}

/* Reads the records at both ends. An index whose times or offsets run backwards contradicts itself. */
static bool slice_ends_read(struct clip_slice *slice)
{
	return clip_segment_read(&slice->segment, slice->first, 1, &slice->head) == 1 &&
	       clip_segment_read(&slice->segment, slice->end - 1, 1, &slice->tail) == 1 &&
	       slice->tail.offset >= slice->head.offset && slice->tail.wall_us >= slice->head.wall_us;
}

bool clip_slice_whole(struct clip_segment *segment, enum clip_origin origin, struct clip_slice *out)
{
	*out = (struct clip_slice){.segment = *segment, .end = segment->count, .origin = origin};
	out->first = clip_segment_key_frame(segment, 0);
	if (out->first < out->end && slice_ends_read(out))
		return true;
	clip_segment_close(&out->segment, false);
	return false;
}

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
			clip_segment_close(&slice->segment, false);
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
	clip_segment_close(&plan->slices[at].segment, false);
	plan->slices[at] = *slice;
}

void clip_plan_remove(struct clip_plan *plan, size_t at)
{
	clip_segment_close(&plan->slices[at].segment, false);
	plan->count--;
	memmove(plan->slices + at, plan->slices + at + 1, (plan->count - at) * sizeof(*plan->slices));
	if (at < plan->count)
		plan->slices[at].follows = false;
}

/* Finds the frames of an opened segment that are in the plan's range; false if there are none. */
static bool slice_cut(const struct clip_plan *plan, struct clip_slice *slice)
{
	const struct clip_segment *segment = &slice->segment;

	slice->first = clip_segment_find(segment, plan->from_us);
	slice->end = clip_segment_find(segment, plan->to_us);
	if (slice->first >= slice->end)
		return false;
	slice->first = clip_segment_key_frame(segment, slice->first);
	return slice->first < slice->end && slice_ends_read(slice) && slice->tail.wall_us < plan->to_us;
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
	switch (clip_segment_classify(error)) {
	case CLIP_SEGMENT_NO_RESOURCES:
		return PLAN_ERROR;
	case CLIP_SEGMENT_UNREADABLE:
		plan->unreadable = error;
		break;
	case CLIP_SEGMENT_DELETED:
	case CLIP_SEGMENT_DAMAGED:
		break;
	}
	return PLAN_OK;
}

/* The first record after `first` that follows damaged frames; `end` if there is none before it. */
static uint64_t find_hole(const struct clip_segment *segment, uint64_t first, uint64_t end)
{
	struct index_record records[RECORDS_PER_READ];

	for (uint64_t next = first + 1; next < end;) {
		size_t wanted = end - next < RECORDS_PER_READ ? (size_t)(end - next) : RECORDS_PER_READ;
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

/* Adds a slice, and keeps its segment open if not too many are. */
static bool add_slice(struct clip_plan *plan, struct clip_slice *slice)
{
	if (plan->count >= PLAN_OPEN_MAX)
		clip_segment_release(&slice->segment);
	return clip_plan_insert(plan, plan->count, slice);
}

/* Adds a slice, divided where frames are damaged. */
static enum plan_outcome plan_pieces(struct clip_slice *slice, struct clip_plan *plan)
{
	uint64_t end = slice->end;

	for (unsigned pieces = 1; slice->segment.entry.holes && pieces < PIECES_MAX; pieces++) {
		struct clip_slice rest = {.origin = CLIP_DISK};
		uint64_t hole = find_hole(&slice->segment, slice->first, end);
		if (hole == end)
			break;
		if (!clip_segment_open(plan->folder, &slice->segment.entry, &rest.segment)) {
			clip_segment_close(&slice->segment, false);
			return PLAN_ERROR;
		}
		rest.first = hole;
		rest.end = end;
		slice->end = hole;
		bool good = slice_ends_read(slice) && slice_ends_read(&rest);
		if (!add_slice(plan, slice) || !good) {
			clip_segment_close(&rest.segment, false);
			return PLAN_ERROR;
		}
		*slice = rest;
	}
	return add_slice(plan, slice) ? PLAN_OK : PLAN_ERROR;
}

static enum plan_outcome plan_entry(const struct catalogue_entry *entry, struct clip_plan *plan)
{
	struct clip_slice slice = {.origin = CLIP_DISK};
	bool ended_before = entry->state == CATALOGUE_COMPLETE && entry->end_wall_us <= plan->from_us;

	if (entry->start_wall_us >= plan->to_us || ended_before)
		return PLAN_OK;
	plan->is_open |= entry->state != CATALOGUE_COMPLETE;
	errno = 0;
	if (!clip_segment_open(plan->folder, entry, &slice.segment))
		return plan_without(plan, errno);
	if (!slice_cut(plan, &slice)) {
		clip_segment_close(&slice.segment, false);
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

void clip_plan_free(struct clip_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		clip_segment_close(&plan->slices[i].segment, false);
	free(plan->slices);
	if (plan->folder > 0)
		close(plan->folder);
	*plan = (struct clip_plan){0};
}
