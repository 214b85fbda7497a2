/*
 * timeline_walk.c - spans and gaps from the list of segments and their indexes: see timeline_walk.h.
 *
 * Three days at 60 frames a second are 15 million records, so an index is not read through: every BLOCK-th record is
 * looked at, and only a block that lasts too long for its number of frames can hide a hole.
 */
#include "fcgi/clip/timeline_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "fcgi/clip/clip_gaps.h"
#include "fcgi/clip/clip_segment.h"
#include "shared/base/clock.h"

#define BLOCK       256u
#define SAMPLE      8u
#define HOLE_MIN_US US_PER_S
#define CUT_MIN_US  (US_PER_S / 10) /* less between two segments that follow each other is nothing missing */

struct walk {
	int folder;
	int64_t from_us, to_us;
	struct timeline_item *spans; /* in the order of recording, within [from, to) */
	size_t span_count, span_room;
	struct gap_candidate *claims; /* likewise */
	size_t claim_count, claim_room;
	bool growing; /* the last span reaches up to where the walk is */
	int error;    /* errno of what ends the walk; 0: nothing */

	/* The segment before, which is there */
	bool seen;
	uint64_t segment_no;
	int64_t start_us, end_us;
	int64_t usual_end_us; /* before end_us where its last frame stood too long */
};

/* Cuts a range to what was asked for; false where nothing of it is left. */
static bool range_cut(const struct walk *walk, int64_t from_us, int64_t to_us, struct wall_range *out)
{
	*out = (struct wall_range){
		.from_us = from_us > walk->from_us ? from_us : walk->from_us,
		.to_us = to_us < walk->to_us ? to_us : walk->to_us,
	};
	return out->from_us < out->to_us;
}

/* One more item of an array; false where memory is short. */
static bool array_grow(struct walk *walk, void **array, size_t *room, size_t count, size_t item_bytes)
{
	if (count < *room)
		return true;
	size_t more = *room ? *room * 2 : 16;
	void *grown = reallocarray(*array, more, item_bytes);

	if (!grown) {
		walk->error = ENOMEM;
		return false;
	}
	*array = grown;
	*room = more;
	return true;
}

static void span_add(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t source)
{
	struct wall_range range;
	bool there = range_cut(walk, from_us, to_us, &range);

	if (there && walk->growing) {
		walk->spans[walk->span_count - 1].to_us = range.to_us;
		return;
	}
	there = there &&
		array_grow(walk, (void **)&walk->spans, &walk->span_room, walk->span_count, sizeof(*walk->spans));
	if (there)
		walk->spans[walk->span_count++] =
			(struct timeline_item){TIMELINE_SPAN, range.from_us, range.to_us, source, GAP_NONE};
	walk->growing = there;
}

/* Takes off the last span what lies behind to_us; it does not grow any more. */
static void span_end(struct walk *walk, int64_t to_us)
{
	struct timeline_item *last = walk->growing ? &walk->spans[walk->span_count - 1] : NULL;

	if (last && last->to_us > to_us)
		last->to_us = to_us;
	walk->span_count -= last && last->to_us <= last->from_us;
	walk->growing = false;
}

/* Nothing may be recorded in this range, for that cause. */
static void claim_add(struct walk *walk, int64_t from_us, int64_t to_us, uint32_t cause, bool weak)
{
	struct wall_range range;

	if (!range_cut(walk, from_us, to_us, &range) ||
	    !array_grow(walk, (void **)&walk->claims, &walk->claim_room, walk->claim_count, sizeof(*walk->claims)))
		return;
	walk->claims[walk->claim_count++] = (struct gap_candidate){range, cause, weak, walk->span_count};
}

static int duration_order(const void *a, const void *b)
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
	qsort(durations_us, count, sizeof(durations_us[0]), duration_order);
	return durations_us[count / 2];
}

/* Where the frames since the last hole begin, and where they end so far. */
struct row {
	int64_t from_us, end_us;
};

/* Where a frame ends: at the next one, also where that is later than a record can tell, unless frames between them are
 * damaged. */
static int64_t frame_end_us(const struct index_record *record, const struct index_record *next)
{
	if (next && !(next->flags & INDEX_AFTER_HOLE))
		return next->wall_us;
	return record->wall_us + record->duration_us;
}

/* Looks through one block. */
static void block_scan(struct walk *walk, const struct clip_segment *segment, uint64_t first, struct row *row)
{
	struct index_record records[BLOCK + 1];
	size_t got = clip_segment_read(segment, first, BLOCK + 1, records), count = got < BLOCK ? got : BLOCK;

	if (count == 0)
		return;
	int64_t usual_us = median_us(records, count);
	int64_t limit_us = 5 * usual_us > HOLE_MIN_US ? 5 * usual_us : HOLE_MIN_US;
	for (size_t i = 0; i < count; i++) {
		int64_t next_us = frame_end_us(&records[i], i + 1 < got ? &records[i + 1] : NULL);
		if (records[i].flags & INDEX_AFTER_HOLE && row->end_us != 0) {
			span_add(walk, row->from_us, row->end_us, segment->entry.source);
			walk->growing = false;
			claim_add(walk, row->end_us, records[i].wall_us, GAP_DISK, false);
			row->from_us = records[i].wall_us;
		}
		row->end_us = next_us;
		if (records[i].duration_us <= limit_us || first + i + 1 == segment->count)
			continue;
		span_add(walk, row->from_us, records[i].wall_us + usual_us, segment->entry.source);
		walk->growing = false;
		claim_add(walk, records[i].wall_us + usual_us, next_us, GAP_STALLED, false);
		row->from_us = next_us;
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

/*
 * The span of a segment that lasts until end_us, and its holes that lie in the range. Blocks are counted from the first
 * record, so that a hole is the same one whatever range is asked for.
 */
static void scan_segment(struct walk *walk, const struct clip_segment *segment, int64_t end_us)
{
	uint64_t first = clip_segment_find(segment, walk->from_us), end = clip_segment_find(segment, walk->to_us);
	struct row row = {.from_us = segment->entry.start_wall_us};
	bool damaged = segment->entry.holes;

	first -= first > 0;                     /* the frame that stands at `from` */
	end += damaged && end < segment->count; /* damaged frames before it may lie in the range */
	for (uint64_t at = first / BLOCK * BLOCK; at < end; at += BLOCK) {
		uint64_t count = segment->count - at < BLOCK ? segment->count - at : BLOCK;
		if (damaged || block_may_hide(segment, at, count))
			block_scan(walk, segment, at, &row);
	}
	span_add(walk, row.from_us, end_us, segment->entry.source);
}

/*
 * Why there is nothing between the end of the segment before and the beginning of this one. What the one before should
 * have reached to and does not comes first: a segment in between was deleted, or the disk lost the end. Where the clock
 * was set back, the time that it passed over again is claimed only weakly: other recordings say more about it.
 */
static void claims_before(struct walk *walk, const struct catalogue_entry *entry, int64_t end_us)
{
	bool follows = walk->seen && entry->segment_no == walk->segment_no + 1;
	bool continues = entry->gap_cause == GAP_NONE;
	bool lacks = entry->last_wall_us > walk->end_us + (follows ? CUT_MIN_US : 0);
	bool headless = continues && entry->holes && entry->last_wall_us != 0 &&
			entry->start_wall_us > entry->last_wall_us + CUT_MIN_US;
	int64_t begin_us = entry->start_wall_us, lost_us = walk->end_us;

	if (!follows || lacks || headless || !continues || begin_us < walk->end_us)
		walk->growing = false;
	if (!walk->seen)
		return;
	if (follows && continues && !lacks && walk->usual_end_us < walk->end_us) {
		span_end(walk, walk->usual_end_us);
		claim_add(walk, walk->usual_end_us, walk->end_us, GAP_STALLED, false);
	}
	if (lacks) {
		lost_us = continues || entry->last_wall_us > begin_us ? begin_us : entry->last_wall_us;
		claim_add(walk, walk->end_us, lost_us, follows ? GAP_DISK : GAP_DELETED, false);
	}
	if (!continues)
		claim_add(walk, lost_us, begin_us, entry->gap_cause == GAP_START ? GAP_RECORDER_DOWN : entry->gap_cause,
			  false);
	if (headless) /* the disk lost the beginning of this one */
		claim_add(walk, entry->last_wall_us, begin_us, GAP_DISK, false);
	claim_add(walk, end_us, walk->start_us, GAP_CLOCK, true);
}

/* The segment lasts until end_us; what is in between is said. */
static void note_segment(struct walk *walk, const struct catalogue_entry *entry, int64_t end_us)
{
	claims_before(walk, entry, end_us);
	walk->seen = true;
	walk->segment_no = entry->segment_no;
	walk->start_us = entry->start_wall_us;
	walk->end_us = walk->usual_end_us = end_us;
}

/* A segment that is listed and could not be opened; false for one that somebody deleted: it is as if not listed. */
static bool walk_unopened(struct walk *walk, const struct catalogue_entry *entry, int error)
{
	switch (clip_segment_classify(error)) {
	case CLIP_SEGMENT_DELETED:
		return false;
	case CLIP_SEGMENT_DAMAGED:
		note_segment(walk, entry, entry->end_wall_us);
		walk->growing = false;
		claim_add(walk, entry->start_wall_us, entry->end_wall_us, GAP_DISK, false);
		return true;
	case CLIP_SEGMENT_UNREADABLE:
		note_segment(walk, entry, entry->end_wall_us);
		span_add(walk, entry->start_wall_us, entry->end_wall_us, entry->source);
		return true;
	case CLIP_SEGMENT_NO_RESOURCES:
		break;
	}
	walk->error = error;
	return false;
}

/*
 * Where a segment's last frame would have ended as the ones before it did, if it stood too long. The next frame is the
 * first one of the next segment, if that continues this one; else nobody knows how long the last one should have stood.
 */
static int64_t usual_end_us(const struct clip_segment *segment, const struct index_record *last)
{
	int64_t end_us = last->wall_us + last->duration_us;
	uint64_t first = segment->count > BLOCK ? segment->count - BLOCK : 0;
	struct index_record records[BLOCK];

	if (last->duration_us <= HOLE_MIN_US)
		return end_us;
	size_t got = clip_segment_read(segment, first, BLOCK, records);
	int64_t usual_us = got > 0 ? median_us(records, got) : last->duration_us;
	return last->duration_us > 5 * usual_us ? last->wall_us + usual_us : end_us;
}

static void walk_opened(struct walk *walk, const struct clip_segment *segment)
{
	int64_t end_us = segment->count > 0 ? segment->entry.end_wall_us : segment->entry.start_wall_us;
	struct index_record last;
	bool there = segment->count > 0 && clip_segment_read(segment, segment->count - 1, 1, &last) == 1;

	if (there)
		end_us = last.wall_us + last.duration_us;
	note_segment(walk, &segment->entry, end_us);
	scan_segment(walk, segment, end_us);
	if (there)
		walk->usual_end_us = usual_end_us(segment, &last);
}

/* False where the segment is not there. Only what may lie in the range is opened. */
static bool walk_entry(struct walk *walk, const struct catalogue_entry *entry)
{
	bool inside = entry->start_wall_us < walk->to_us && entry->end_wall_us > walk->from_us;
	struct clip_segment segment;

	if (!inside && entry->state != CATALOGUE_RECORDING) {
		if (!clip_segment_exists(walk->folder, entry))
			return false;
		note_segment(walk, entry, entry->end_wall_us);
		walk->growing = false;
		return true;
	}
	if (!clip_segment_open(walk->folder, entry, &segment))
		return walk_unopened(walk, entry, errno);
	walk_opened(walk, &segment);
	clip_segment_close(&segment, false);
	return true;
}

/* The number of the last segment before `number` that is there, which says what the gap behind it is; else 0. */
static uint64_t one_before(const struct walk *walk, const struct catalogue *catalogue, uint64_t number)
{
	struct catalogue_entry entry;

	while (number > 0 && catalogue_read(catalogue, --number, 1, &entry) == 1)
		if (clip_segment_exists(walk->folder, &entry))
			break;
	return number;
}

/* Entries [number, end), and behind them up to the first one that is there, for the gap in front of it. */
static void walk_entries(struct walk *walk, const struct catalogue *catalogue, uint64_t number, uint64_t end)
{
	struct catalogue_entry entry;

	for (bool there = false; number < catalogue->entries && !(there && number > end) && walk->error == 0;
	     number++) {
		if (catalogue_read(catalogue, number, 1, &entry) == 1)
			there = walk_entry(walk, &entry);
		else
			walk->error = EBADMSG;
	}
}

/* Spans and gaps, each gap behind the spans that were recorded before it. */
static void give(const struct walk *walk, const struct gap_candidate *gaps, size_t gap_count, timeline_callback *each,
		 void *context)
{
	size_t gap = 0;

	for (size_t i = 0; i <= walk->span_count; i++) {
		for (; gap < gap_count && gaps[gap].place <= i; gap++)
			each(&(struct timeline_item){TIMELINE_GAP, gaps[gap].range.from_us, gaps[gap].range.to_us, 0,
						     gaps[gap].cause},
			     context);
		if (i < walk->span_count)
			each(&walk->spans[i], context);
	}
}

static bool walk_give(const struct walk *walk, timeline_callback *each, void *context)
{
	struct wall_range *covered = calloc(walk->span_count + 1, sizeof(*covered));
	struct gap_candidate *gaps = NULL;
	size_t gap_count = 0;
	bool good = covered;

	for (size_t i = 0; good && i < walk->span_count; i++)
		covered[i] = (struct wall_range){walk->spans[i].from_us, walk->spans[i].to_us};
	good = good && clip_gaps_find(covered, walk->span_count, walk->claims, walk->claim_count, &gaps, &gap_count);
	if (good)
		give(walk, gaps, gap_count, each, context);
	else
		errno = ENOMEM;
	free(gaps);
	free(covered);
	return good;
}

bool timeline_walk(int folder, int64_t from_us, int64_t to_us, timeline_callback *each, void *context)
{
	struct walk walk = {.folder = folder, .from_us = from_us, .to_us = to_us};
	struct catalogue catalogue;
	uint64_t number, end;

	enum catalogue_outcome outcome = catalogue_open(folder, &catalogue);
	if (outcome != CATALOGUE_OK)
		return outcome == CATALOGUE_MISSING;
	if (catalogue_range(&catalogue, from_us, to_us, &number, &end))
		walk_entries(&walk, &catalogue, one_before(&walk, &catalogue, number), end);
	else
		walk.error = EBADMSG;
	catalogue_close(&catalogue);
	bool good = walk.error == 0 && walk_give(&walk, each, context);
	free(walk.spans);
	free(walk.claims);
	if (walk.error != 0)
		errno = walk.error;
	return good;
}
