/* timeline_scan.c - finds the spans and holes of segments, and why nothing is between them. */
#include "shared/timeline/timeline_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "shared/base/clock.h"
#include "shared/base/disk_pulse.h"
#include "shared/segment/segment_reader.h"

/*
 * Three days at 60 frames per second have 15 million records, too many to read. So only the first records of each
 * block and its last one are read: a block can have a hole only if it lasts too long for its number of frames.
 */
#define BLOCK       256u
#define SAMPLE      8u
#define HOLE_MIN_US US_PER_S
#define CUT_MIN_US  (US_PER_S / 10) /* less than this between consecutive segments does not count as missing */

static int duration_order(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

/* Median duration of the frames of a block. */
static int64_t median_us(const struct index_record *records, size_t count)
{
	int64_t durations_us[BLOCK];

	for (size_t i = 0; i < count; i++)
		durations_us[i] = records[i].duration_us;
	qsort(durations_us, count, sizeof(durations_us[0]), duration_order);
	return durations_us[count / 2];
}

/* The span of the frames since the last hole, up to where it reaches so far. */
struct block_span {
	int64_t from_us, end_us;
};

/*
 * A frame ends where the next one begins, even if that is later than its record can express; but not if frames
 * between them are damaged.
 */
static int64_t frame_end_us(const struct index_record *record, const struct index_record *next)
{
	if (next && !(next->flags & INDEX_AFTER_HOLE))
		return next->wall_us;
	return record->wall_us + record->duration_us;
}

/* Reads all records of a block and finds its holes. */
static void scan_block(struct walk *walk, const struct segment_reader *segment, uint64_t first, struct block_span *span)
{
	struct index_record records[BLOCK + 1];
	size_t got = segment_reader_read(segment, first, BLOCK + 1, records), count = got < BLOCK ? got : BLOCK;

	if (count == 0)
		return;
	int64_t usual_us = median_us(records, count);
	int64_t limit_us = 5 * usual_us > HOLE_MIN_US ? 5 * usual_us : HOLE_MIN_US;
	for (size_t i = 0; i < count; i++) {
		int64_t next_us = frame_end_us(&records[i], i + 1 < got ? &records[i + 1] : NULL);
		if (records[i].flags & INDEX_AFTER_HOLE && span->end_us != 0) {
			walk_add_span(walk, span->from_us, span->end_us, segment->entry.source);
			walk->extending = false;
			walk_add_candidate(walk, span->end_us, records[i].wall_us, GAP_DISK, false);
			span->from_us = records[i].wall_us;
		}
		span->end_us = next_us;
		if (records[i].duration_us <= limit_us || first + i + 1 == segment->count)
			continue;
		walk_add_span(walk, span->from_us, records[i].wall_us + usual_us, segment->entry.source);
		walk->extending = false;
		walk_add_candidate(walk, records[i].wall_us + usual_us, next_us, GAP_STALLED, false);
		span->from_us = next_us;
	}
}

/* Whether a block lasts longer, by half a hole, than its number of frames would at the rate of its first ones. */
static bool block_may_have_hole(const struct segment_reader *segment, uint64_t first, uint64_t count)
{
	struct index_record start[SAMPLE], last;
	size_t got = segment_reader_read(segment, first, count < SAMPLE ? (size_t)count : SAMPLE, start);

	if (got == 0 || segment_reader_read(segment, first + count - 1, 1, &last) != 1)
		return false;
	int64_t lasts_us = last.wall_us + last.duration_us - start[0].wall_us;
	return lasts_us > median_us(start, got) * (int64_t)count + HOLE_MIN_US / 2;
}

/*
 * Adds the span of a segment that lasts until end_us, and its holes within the range. Blocks are counted from the
 * first record, so a hole is the same whatever range is asked for.
 */
static void scan_segment(struct walk *walk, const struct segment_reader *segment, int64_t end_us)
{
	uint64_t first = segment_reader_find(segment, walk->from_us), end = segment_reader_find(segment, walk->to_us);
	struct block_span span = {.from_us = segment->entry.start_wall_us};
	bool damaged = segment->entry.holes;

	first -= first > 0;                     /* include the frame that lasts into the range */
	end += damaged && end < segment->count; /* damaged frames before `end` may be in the range */
	for (uint64_t at = first / BLOCK * BLOCK; at < end; at += BLOCK) {
		uint64_t count = segment->count - at < BLOCK ? segment->count - at : BLOCK;
		if (damaged || block_may_have_hole(segment, at, count))
			scan_block(walk, segment, at, &span);
	}
	walk_add_span(walk, span.from_us, end_us, segment->entry.source);
}

/*
 * Adds candidates for the time between the end of the previous segment and the beginning of this one.
 *
 * First comes what is missing up to where the previous segment should have ended: a segment in between was deleted,
 * or the disk lost the end. If the clock was set back, the time that it passes again is only a weak candidate,
 * because other recordings say more about it.
 */
static void add_candidates_before(struct walk *walk, const struct catalogue_entry *entry, int64_t end_us)
{
	bool follows = walk->has_previous && entry->segment_no == walk->segment_no + 1;
	bool continues = entry->gap_cause == GAP_NONE;
	bool end_missing = entry->last_wall_us > walk->end_us + (follows ? CUT_MIN_US : 0);
	bool beginning_missing = continues && entry->holes && entry->last_wall_us != 0 &&
				 entry->start_wall_us > entry->last_wall_us + CUT_MIN_US;
	int64_t begin_us = entry->start_wall_us, lost_us = walk->end_us;

	if (!follows || end_missing || beginning_missing || !continues || begin_us < walk->end_us)
		walk->extending = false;
	if (!walk->has_previous)
		return;
	if (follows && continues && !end_missing && walk->usual_end_us < walk->end_us) {
		walk_trim_span(walk, walk->usual_end_us);
		walk_add_candidate(walk, walk->usual_end_us, walk->end_us, GAP_STALLED, false);
	}
	if (end_missing) {
		lost_us = continues || entry->last_wall_us > begin_us ? begin_us : entry->last_wall_us;
		walk_add_candidate(walk, walk->end_us, lost_us, follows ? GAP_DISK : GAP_DELETED, false);
	}
	if (!continues)
		walk_add_candidate(walk, lost_us, begin_us,
				   entry->gap_cause == GAP_START ? GAP_RECORDER_DOWN : entry->gap_cause, false);
	if (beginning_missing)
		walk_add_candidate(walk, entry->last_wall_us, begin_us, GAP_DISK, false);
	walk_add_candidate(walk, end_us, walk->start_us, GAP_CLOCK, true);
}

/* Notes that a segment lasts until end_us, and what is missing before it. */
static void note_segment(struct walk *walk, const struct catalogue_entry *entry, int64_t end_us)
{
	add_candidates_before(walk, entry, end_us);
	walk->has_previous = true;
	walk->segment_no = entry->segment_no;
	walk->start_us = entry->start_wall_us;
	walk->end_us = walk->usual_end_us = end_us;
}

/* Handles a listed segment that could not be opened; false if it was deleted, which is as if it were not listed. */
static bool walk_unopened(struct walk *walk, const struct catalogue_entry *entry, int error)
{
	switch (segment_reader_classify(error)) {
	case SEGMENT_READER_DELETED:
		return false;
	case SEGMENT_READER_DAMAGED:
		walk->unreadable = true;
		note_segment(walk, entry, entry->end_wall_us);
		walk->extending = false;
		walk_add_candidate(walk, entry->start_wall_us, entry->end_wall_us, GAP_DISK, false);
		return true;
	case SEGMENT_READER_UNREADABLE:
		walk->unreadable = true;
		note_segment(walk, entry, entry->end_wall_us);
		walk_add_span(walk, entry->start_wall_us, entry->end_wall_us, entry->source);
		return true;
	case SEGMENT_READER_NO_RESOURCES:
		break;
	}
	walk->error = error;
	return false;
}

/*
 * Where the last frame of a segment would have ended at its usual rate, if it lasted too long. That counts only if
 * the next segment continues this one; otherwise nobody knows how long the last frame should have lasted.
 */
static int64_t usual_end_us(const struct segment_reader *segment, const struct index_record *last)
{
	int64_t end_us = last->wall_us + last->duration_us;
	uint64_t first = segment->count > BLOCK ? segment->count - BLOCK : 0;
	struct index_record records[BLOCK];

	if (last->duration_us <= HOLE_MIN_US)
		return end_us;
	size_t got = segment_reader_read(segment, first, BLOCK, records);
	int64_t usual_us = got > 0 ? median_us(records, got) : last->duration_us;
	return last->duration_us > 5 * usual_us ? last->wall_us + usual_us : end_us;
}

/*
 * Finds out where an opened segment ends, and its spans and holes. `entry` is noted as walked before these are
 * added.
 */
static void walk_opened(struct walk *walk, const struct segment_reader *segment)
{
	int64_t end_us = segment->count > 0 ? segment->entry.end_wall_us : segment->entry.start_wall_us;
	struct index_record last;
	bool has_last = segment->count > 0 && segment_reader_read(segment, segment->count - 1, 1, &last) == 1;

	if (has_last)
		end_us = last.wall_us + last.duration_us;
	note_segment(walk, &segment->entry, end_us);
	scan_segment(walk, segment, end_us);
	if (has_last)
		walk->usual_end_us = usual_end_us(segment, &last);
}

/* Walks a segment whose spans and holes are known, as walk_opened() does. */
static void walk_summary(struct walk *walk, const struct catalogue_entry *entry, const struct segment_summary *summary)
{
	size_t next = 0;

	note_segment(walk, entry, summary->end_us);
	for (size_t i = 0; i <= summary->span_count; i++) {
		for (; next < summary->candidate_count && summary->candidates[next].spans_before <= i; next++) {
			const struct gap_candidate *hole = &summary->candidates[next];
			walk_add_candidate(walk, hole->range.from_us, hole->range.to_us, hole->cause, hole->weak);
		}
		if (i == summary->span_count)
			break;
		if (i > 0)
			walk->extending = false;
		walk_add_span(walk, summary->spans[i].from_us, summary->spans[i].to_us, summary->spans[i].source);
	}
	if (!summary->extending)
		walk->extending = false;
	walk->usual_end_us = summary->usual_end_us;
}

/* Scans a whole segment for the cache. False with walk->error if memory runs out. */
static bool summarize(struct walk *walk, const struct segment_reader *segment, struct segment_summary *summary)
{
	struct walk alone = {.folder = walk->folder, .from_us = INT64_MIN, .to_us = INT64_MAX};

	walk_opened(&alone, segment);
	walk->error = alone.error;
	summary->end_us = alone.end_us;
	summary->usual_end_us = alone.usual_end_us;
	summary->spans = alone.spans;
	summary->span_count = alone.span_count;
	summary->candidates = alone.candidates;
	summary->candidate_count = alone.candidate_count;
	summary->extending = alone.extending;
	if (walk->error == 0)
		return true;
	free(alone.spans);
	free(alone.candidates);
	return false;
}

static bool is_cacheable(const struct walk *walk, const struct catalogue_entry *entry)
{
	return walk->cache && entry->state == CATALOGUE_COMPLETE && entry->start_wall_us >= walk->from_us &&
	       entry->end_wall_us <= walk->to_us;
}

/* The same for a segment that lies in the range: it need not be opened if it is known from before. */
static bool walk_cached(struct walk *walk, const struct catalogue_entry *entry)
{
	struct segment_summary summary;
	struct segment_reader segment;
	bool stamped = timeline_cache_stamp(walk->folder, entry, &summary);
	const struct segment_summary *known = stamped ? timeline_cache_find(walk->cache, &summary) : NULL;

	if (known) {
		walk_summary(walk, entry, known);
		return true;
	}
	if (!segment_reader_open(walk->folder, entry, &segment))
		return walk_unopened(walk, entry, errno);
	bool good = summarize(walk, &segment, &summary);
	if (good)
		walk_summary(walk, &segment.entry, &summary);
	bool whole = !segment_reader_read_failed(&segment);
	walk->unreadable |= !whole;
	segment_reader_close(&segment, false);
	if (good && stamped && whole) {
		timeline_cache_add(walk->cache, &summary);
	} else if (good) {
		free(summary.spans);
		free(summary.candidates);
	}
	return good;
}

/* Returns false if the segment does not exist. Opens only segments that may be in the range. */
static bool walk_entry(struct walk *walk, const struct catalogue_entry *entry)
{
	bool inside = entry->start_wall_us < walk->to_us && entry->end_wall_us > walk->from_us;
	struct segment_reader segment;

	if (entry->flags & SEGMENT_EXPIRED) {
		note_segment(walk, entry, entry->end_wall_us);
		walk->extending = false;
		walk_add_candidate(walk, entry->start_wall_us, entry->end_wall_us, GAP_EXPIRED, false);
		return true;
	}
	if (!inside && entry->state != CATALOGUE_RECORDING) {
		if (!segment_reader_exists(walk->folder, entry))
			return false;
		note_segment(walk, entry, entry->end_wall_us);
		walk->extending = false;
		return true;
	}
	if (is_cacheable(walk, entry))
		return walk_cached(walk, entry);
	if (!segment_reader_open(walk->folder, entry, &segment))
		return walk_unopened(walk, entry, errno);
	walk_opened(walk, &segment);
	segment_reader_close(&segment, false);
	return true;
}

uint64_t walk_previous_existing(const struct walk *walk, const struct catalogue *catalogue, uint64_t number)
{
	struct catalogue_entry entry;

	while (number > 0 && catalogue_read(catalogue, --number, 1, &entry) == 1)
		if (segment_reader_exists(walk->folder, &entry))
			break;
	return number;
}

bool walk_one(struct walk *walk, const struct catalogue *catalogue, uint64_t number)
{
	struct catalogue_entry entry;

	disk_pulse(); /* a long archive on a slow disk is not a disk that hangs */
	if (catalogue_read(catalogue, number, 1, &entry) == 1)
		return walk_entry(walk, &entry);
	walk->error = EBADMSG;
	return false;
}

void walk_entries(struct walk *walk, const struct catalogue *catalogue, uint64_t number, uint64_t end)
{
	for (bool there = false; number < catalogue->entries && !(there && number > end) && walk->error == 0; number++)
		there = walk_one(walk, catalogue, number);
}
