/*
 * clip_timeline.c - spans and gaps from the list of segments and their indexes: see clip_timeline.h.
 *
 * Three days at 60 frames a second are 15 million records, so an index is not read through: every BLOCK-th record is
 * looked at, and only a block that lasts too long for its number of frames can hide a hole.
 */
#include "fcgi/clip_timeline.h"

#include <stdlib.h>

#include "fcgi/clip_segment.h"
#include "shared/clock.h"

#define BLOCK       256u
#define SAMPLE      8u
#define HOLE_MIN_US US_PER_S
#define CUT_MIN_US  (US_PER_S / 10) /* less between two segments that follow each other is nothing missing */

struct walk {
	timeline_each *each;
	void *context;
	int64_t from_us, to_us;
	struct timeline_item span; /* that is still growing, where has_span */
	bool has_span;

	/* The segment before, which is there */
	bool seen;
	uint64_t segment_no;
	int64_t end_us;
};

static void emit(struct walk *walk, struct timeline_item item)
{
	if (item.from_us < walk->from_us)
		item.from_us = walk->from_us;
	if (item.to_us > walk->to_us)
		item.to_us = walk->to_us;
	if (item.from_us < item.to_us)
		walk->each(&item, walk->context);
}

static void span_close(struct walk *walk)
{
	if (walk->has_span)
		emit(walk, walk->span);
	walk->has_span = false;
}

static void span_extend(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t source)
{
	if (walk->has_span) {
		walk->span.to_us = to_us;
		return;
	}
	walk->span = (struct timeline_item){TIMELINE_SPAN, from_us, to_us, source, GAP_NONE};
	walk->has_span = true;
}

static void gap(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t cause)
{
	span_close(walk);
	emit(walk, (struct timeline_item){TIMELINE_GAP, from_us, to_us, 0, cause});
}

static int wall_order(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

/* The middle one of the durations of a block's frames. */
static int64_t median_us(const struct index_record *records, size_t count)
{
	int64_t durations_us[BLOCK];

	for (size_t i = 0; i < count; i++)
		durations_us[i] = records[i].duration_us;
	qsort(durations_us, count, sizeof(durations_us[0]), wall_order);
	return durations_us[count / 2];
}

/* Looks through one block; *span_from_us is where the frames since the last hole begin. */
static void block_scan(struct walk *walk, const struct clip_segment *segment, uint64_t first, int64_t *span_from_us)
{
	struct index_record records[BLOCK];
	size_t count = clip_segment_read(segment, first, BLOCK, records);

	if (count == 0)
		return;
	int64_t usual_us = median_us(records, count);
	int64_t limit_us = 5 * usual_us > HOLE_MIN_US ? 5 * usual_us : HOLE_MIN_US;
	for (size_t i = 0; i < count; i++) {
		int64_t next_us = records[i].wall_us + records[i].duration_us;
		if (records[i].duration_us <= limit_us || first + i + 1 == segment->count)
			continue;
		span_extend(walk, *span_from_us, records[i].wall_us + usual_us, segment->entry.source);
		gap(walk, records[i].wall_us + usual_us, next_us, GAP_STALLED);
		*span_from_us = next_us;
	}
}

/* The block lasts half a hole longer than its number of frames would at the rate of its first ones. */
static bool block_may_hide(const struct clip_segment *segment, uint64_t first, uint64_t count)
{
	struct index_record start[SAMPLE], last;
	size_t got = clip_segment_read(segment, first, count < SAMPLE ? (size_t)count : SAMPLE, start);

	if (got == 0 || clip_segment_read(segment, first + count - 1, 1, &last) != 1)
		return false;
	int64_t lasts_us = last.wall_us + last.duration_us - start[0].wall_us;
	return lasts_us > median_us(start, got) * (int64_t)count + HOLE_MIN_US / 2;
}

/* Holes of the frames of a segment that lie in the range; the segment lasts until end_us. */
static void segment_scan(struct walk *walk, const struct clip_segment *segment, int64_t end_us)
{
	uint64_t first = clip_segment_find(segment, walk->from_us), end = clip_segment_find(segment, walk->to_us);
	int64_t span_from_us = segment->entry.start_wall_us;

	first -= first > 0; /* the frame that stands at `from` */
	for (uint64_t at = first; at < end; at += BLOCK) {
		uint64_t count = end - at < BLOCK ? end - at : BLOCK;
		if (block_may_hide(segment, at, count))
			block_scan(walk, segment, at, &span_from_us);
	}
	span_extend(walk, span_from_us, end_us, segment->entry.source);
}

/* Why there is nothing between the segment before and this one. */
static void gaps_before(struct walk *walk, const struct catalogue_entry *entry)
{
	if (walk->seen && entry->segment_no != walk->segment_no + 1 && entry->last_wall_us > walk->end_us)
		gap(walk, walk->end_us, entry->last_wall_us, GAP_DELETED);
	else if (walk->seen && entry->last_wall_us > walk->end_us + CUT_MIN_US)
		gap(walk, walk->end_us, entry->last_wall_us, GAP_DISK); /* which lost the end of it */
	if (entry->gap_cause != GAP_NONE && entry->gap_cause != GAP_START && entry->last_wall_us != 0)
		gap(walk, entry->last_wall_us, entry->start_wall_us, entry->gap_cause);
	if (entry->gap_cause != GAP_NONE)
		span_close(walk);
}

static void walk_entry(struct walk *walk, int folder, const struct catalogue_entry *entry)
{
	struct clip_segment segment;
	struct index_record last;
	int64_t end_us = entry->end_wall_us;

	if (!clip_segment_open(folder, entry, &segment))
		return;
	if (segment.count > 0 && clip_segment_read(&segment, segment.count - 1, 1, &last) == 1)
		end_us = last.wall_us + last.duration_us;
	gaps_before(walk, entry);
	segment_scan(walk, &segment, end_us);
	walk->seen = true;
	walk->segment_no = entry->segment_no;
	walk->end_us = end_us;
	clip_segment_close(&segment, false);
}

bool timeline_walk(int folder, int64_t from_us, int64_t to_us, timeline_each *each, void *context)
{
	struct walk walk = {.each = each, .context = context, .from_us = from_us, .to_us = to_us};
	struct catalogue catalogue;
	struct catalogue_entry entry;
	uint64_t number, end;

	enum catalogue_outcome outcome = catalogue_open(folder, &catalogue);
	if (outcome != CATALOGUE_GOOD)
		return outcome == CATALOGUE_MISSING;
	if (catalogue_range(&catalogue, from_us, to_us, &number, &end)) {
		/* The ones around the range say what the gaps at its borders were. */
		number -= number > 0;
		for (end += end < catalogue.entries; number < end; number++)
			if (catalogue_read(&catalogue, number, 1, &entry) == 1)
				walk_entry(&walk, folder, &entry);
		span_close(&walk);
	}
	catalogue_close(&catalogue);
	return true;
}
