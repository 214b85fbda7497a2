/*
 * test_clock_walks.c - recorders whose clock is set back and forth at random, compared with an oracle that looks at
 * each tick of time. The spans and gaps of a timeline never overlap and leave nothing out, and the footage next to a
 * range is the nearest.
 *
 * WALKS=N sets the number of random walks.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip/nearest_footage.h"
#include "recorderd/archive/catalogue_writer.h"
#include "recorderd/ring/ring_writer.h"
#include "shared/timeline/timeline_walk.h"
#include "tests/unit/support/plan_archives.h"

#define WALKS_USUAL 1000
#define TICK_US     INT64_C(100000)
#define TICKS       6000
#define ORIGIN_US   (START_US - 2000 * TICK_US)
#define NO_CAUSE    UINT32_MAX

static struct plan_archive archive;
static struct timeline_cache *cache; /* of that archive */
static bool deleted[SEGMENTS_MAX], unlisted;

/* What the oracle knows about each tick. */
static int recorded[TICKS];    /* how many times */
static uint32_t causes[TICKS]; /* of the gap that it is in, or NO_CAUSE */
static int hull_from, hull_to; /* from the earliest recording to the end of the latest one */

static int tick_of(int64_t wall_us)
{
	int64_t tick = (wall_us - ORIGIN_US) / TICK_US;

	assert_true(tick >= 0 && tick < TICKS);
	return (int)tick;
}

static int64_t wall_of_tick(int64_t tick)
{
	return ORIGIN_US + tick * TICK_US;
}

/* --- a walk ------------------------------------------------------------------------------------------------------- */

/* Moves the clock, and returns the cause of the gap before the next segment. */
static uint32_t clock_move(int64_t *wall_us)
{
	static const uint32_t forward[] = {GAP_RECORDER_DOWN, GAP_UNPLUGGED, GAP_OFF, GAP_DISK, GAP_ENCODER, GAP_CLOCK};

	switch (random_below(4)) {
	case 0:
		return GAP_NONE;
	case 1: /* set back, while recording or while the recorder is down */
		*wall_us -= (1 + random_below(150)) * TICK_US;
		return random_below(2) ? GAP_CLOCK : GAP_RECORDER_DOWN;
	default:
		*wall_us += (1 + random_below(120)) * TICK_US;
		return forward[random_below(sizeof(forward) / sizeof(forward[0]))];
	}
}

/* Frames of one tick each, of which one may last longer than a second. */
static void walk_frames(struct frames *segment, int64_t *wall_us)
{
	uint64_t offset = 500;
	size_t hole;

	segment->count = 4 + random_below(40);
	hole = random_below(3) == 0 ? random_below((uint32_t)segment->count) : segment->count;
	for (size_t i = 0; i < segment->count; i++) {
		uint32_t ticks = i == hole ? 12 + random_below(40) : 1;
		segment->records[i] = (struct index_record){
			*wall_us, offset, 20, ticks * (uint32_t)TICK_US, i % 10 == 0 ? INDEX_KEY : 0, 0};
		offset += 120;
		*wall_us += ticks * TICK_US;
	}
	segment->entry.size_bytes = offset;
	segment->entry.frames = segment->count;
	segment->entry.end_wall_us = *wall_us;
}

static void walk_segment(size_t number, int64_t *wall_us)
{
	struct frames *segment = &archive.segments[number];
	int64_t last_us = number > 0 ? *wall_us : 0;
	uint32_t cause = number > 0 ? clock_move(wall_us) : GAP_START;

	memset(segment, 0, sizeof(*segment));
	segment->entry = (struct catalogue_entry){.segment_no = number + 7,
						  .start_wall_us = *wall_us,
						  .last_wall_us = last_us,
						  .gap_cause = (uint8_t)cause,
						  .codec = MP4_TYPE('a', 'v', 'c', '1'),
						  .width = 64,
						  .height = 64,
						  .state = CATALOGUE_COMPLETE};
	snprintf(segment->entry.file, sizeof(segment->entry.file), "recording_20270115_%06u.mp4", (unsigned)number);
	walk_frames(segment, wall_us);
}

/* Somebody deletes segments; the list may still have them. */
static void walk_delete(void)
{
	struct catalogue_entry entries[SEGMENTS_MAX];
	struct reason why;
	size_t listed = 0, left = archive.count;

	unlisted = random_below(2);
	for (size_t i = 0; i < archive.count; i++) {
		deleted[i] = left > 1 && random_below(5) == 0;
		left -= deleted[i];
		if (deleted[i])
			assert_int_equal(unlinkat(archive.folder, archive.segments[i].entry.file, 0), 0);
		if (!deleted[i] || !unlisted)
			entries[listed++] = archive.segments[i].entry;
	}
	assert_true(catalogue_write(archive.folder, 2, entries, listed, false, &why));
}

static void walk_make(uint32_t number)
{
	int64_t wall_us = START_US;

	plan_seed = number;
	archive = (struct plan_archive){.count = 1 + random_below(SEGMENTS_MAX)};
	snprintf(archive.path, sizeof(archive.path), "/tmp/recorder-walk-XXXXXX");
	assert_non_null(mkdtemp(archive.path));
	archive.folder = open(archive.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < archive.count; i++)
		walk_segment(i, &wall_us);
	struct frames *last = &archive.segments[archive.count - 1];
	if (random_below(2)) { /* still being recorded: the list is older than the index */
		last->entry.state = CATALOGUE_RECORDING;
		last->entry.frames = 1;
		last->entry.end_wall_us = last->entry.start_wall_us + TICK_US;
	}
	plan_archive_write(&archive);
	walk_delete();
}

/* --- the oracle --------------------------------------------------------------------------------------------------- */

static int64_t end_of(const struct frames *segment)
{
	const struct index_record *last = &segment->records[segment->count - 1];

	return last->wall_us + last->duration_us;
}

static void note_cause(int64_t from_us, int64_t to_us, uint32_t cause)
{
	for (int64_t at_us = from_us; at_us < to_us; at_us += TICK_US)
		causes[tick_of(at_us)] = cause;
}

/* How long the last frame of a segment should have lasted is known only if the next segment continues it. */
static void note_frames(const struct frames *segment, bool continued)
{
	for (size_t i = 0; i < segment->count; i++) {
		const struct index_record *record = &segment->records[i];
		bool hole = record->duration_us > US_PER_S && (continued || i + 1 < segment->count);
		int64_t end_us = hole ? record->wall_us + TICK_US : record->wall_us + record->duration_us;
		for (int64_t at_us = record->wall_us; at_us < end_us; at_us += TICK_US)
			recorded[tick_of(at_us)]++;
		note_cause(end_us, record->wall_us + record->duration_us, GAP_STALLED);
	}
	hull_from =
		tick_of(segment->entry.start_wall_us) < hull_from ? tick_of(segment->entry.start_wall_us) : hull_from;
	hull_to = tick_of(end_of(segment)) > hull_to ? tick_of(end_of(segment)) : hull_to;
}

static void note_between(const struct frames *before, const struct frames *next)
{
	int64_t end_us = end_of(before), start_us = next->entry.start_wall_us;
	int64_t last_us = next->entry.last_wall_us < start_us ? next->entry.last_wall_us : start_us;

	if (before->entry.segment_no + 1 != next->entry.segment_no && last_us > end_us) {
		note_cause(end_us, last_us, GAP_DELETED);
		end_us = last_us;
	}
	note_cause(end_us, start_us, next->entry.gap_cause);
}

static void oracle_make(void)
{
	const struct frames *before = NULL;

	memset(recorded, 0, sizeof(recorded));
	for (int i = 0; i < TICKS; i++)
		causes[i] = GAP_CLOCK; /* unless something else than a clock that was set back has passed it */
	hull_from = TICKS;
	hull_to = 0;
	for (size_t i = 0; i < archive.count; i++) {
		const struct frames *segment = &archive.segments[i];
		if (deleted[i])
			continue;
		if (before)
			note_between(before, segment);
		note_frames(segment, i + 1 < archive.count && !deleted[i + 1] &&
					     archive.segments[i + 1].entry.gap_cause == GAP_NONE);
		before = segment;
	}
	for (int i = 0; i < TICKS; i++)
		if (i < hull_from || i >= hull_to || recorded[i] > 0)
			causes[i] = NO_CAUSE;
}

/* --- the timeline ------------------------------------------------------------------------------------------------- */

struct reported {
	int64_t from_us, to_us;
	int spans[TICKS], gaps[TICKS];
	uint32_t causes[TICKS];
};

static void on_item(const struct timeline_item *item, void *context)
{
	struct reported *reported = context;

	assert_true(item->from_us >= reported->from_us && item->to_us <= reported->to_us &&
		    item->from_us < item->to_us);
	for (int64_t at_us = item->from_us; at_us < item->to_us; at_us += TICK_US) {
		int tick = tick_of(at_us);
		if (item->kind == TIMELINE_SPAN) {
			reported->spans[tick]++;
		} else {
			reported->gaps[tick]++;
			reported->causes[tick] = item->cause;
		}
	}
}

static void assert_timeline_with(struct timeline_cache *remembered, uint32_t number, int from, int to)
{
	static struct reported reported;

	memset(&reported, 0, sizeof(reported));
	reported.from_us = wall_of_tick(from);
	reported.to_us = wall_of_tick(to);
	assert_true(timeline_walk(remembered, archive.folder, reported.from_us, reported.to_us, on_item, &reported));
	for (int i = from; i < to; i++) {
		bool gap = causes[i] != NO_CAUSE;
		if (reported.spans[i] != recorded[i] || reported.gaps[i] != gap ||
		    (gap && reported.causes[i] != causes[i]))
			fail_msg("walk %u, [%d, %d), tick %d: %d spans, expected %d; %d gaps, expected %d; cause %s, "
				 "expected %s",
				 (unsigned)number, from, to, i, reported.spans[i], recorded[i], reported.gaps[i], gap,
				 gap_cause_text(reported.causes[i]), gap_cause_text(causes[i]));
	}
}

/* What is remembered of the archive changes nothing. */
static void assert_timeline(uint32_t number, int from, int to)
{
	assert_timeline_with(NULL, number, from, to);
	assert_timeline_with(cache, number, from, to);
}

/* --- the footage next to a range ---------------------------------------------------------------------------------- */

/* Frames that only the memory has. */
#define MEMORY_FRAMES 5

static int64_t memory_us[MEMORY_FRAMES];

static struct ring_writer *memory_make(struct ring_reader **reader)
{
	struct ring_request request = {.data_bytes = 65536, .index_entries = 64, .keep_us = INT64_MAX / 2};
	struct iovec part = {(void *)(uintptr_t) "picture", 7};
	uint64_t data_bytes, adopted, memory_bytes;
	struct reason why;
	char name[64];

	snprintf(name, sizeof(name), "/recorder.test-walks-%d", (int)getpid());
	request.name = name;
	struct ring_writer *ring = ring_writer_open(&request, &data_bytes, &adopted, &why);
	assert_non_null(ring);
	for (size_t i = 0; i < MEMORY_FRAMES; i++) {
		memory_us[i] = wall_of_tick(random_below(TICKS));
		struct ring_meta meta = {.wall_us = memory_us[i], .mono_us = (int64_t)i + 1, .epoch = 1};
		assert_int_equal(ring_writer_put(ring, &meta, &part, 1), i + 1);
	}
	const void *memory = ring_writer_memory(ring, &memory_bytes);
	*reader = ring_reader_attach(memory, memory_bytes, &why);
	assert_non_null(*reader);
	return ring;
}

static void note_nearest(struct nearest_footage *nearest, int64_t wall_us, int64_t from_us, int64_t to_us)
{
	if (wall_us < from_us && (!nearest->before || wall_us > nearest->before_us)) {
		nearest->before = true;
		nearest->before_us = wall_us;
	}
	if (wall_us >= to_us && (!nearest->after || wall_us < nearest->after_us)) {
		nearest->after = true;
		nearest->after_us = wall_us;
	}
}

static void assert_nearest(const struct ring_reader *ring, int64_t from_us, int64_t to_us)
{
	struct nearest_footage wanted = {0}, got;

	for (size_t i = 0; i < archive.count; i++)
		for (size_t k = 0; !deleted[i] && k < archive.segments[i].count; k++)
			note_nearest(&wanted, archive.segments[i].records[k].wall_us, from_us, to_us);
	for (size_t i = 0; ring && i < MEMORY_FRAMES; i++)
		note_nearest(&wanted, memory_us[i], from_us, to_us);
	nearest_footage_find(archive.folder, ring, from_us, to_us, &got);
	assert_int_equal(got.before, wanted.before);
	assert_int_equal(got.after, wanted.after);
	assert_true(!got.before || got.before_us == wanted.before_us);
	assert_true(!got.after || got.after_us == wanted.after_us);
}

/* --- the cases ---------------------------------------------------------------------------------------------------- */

static uint32_t walks(void)
{
	const char *text = getenv("WALKS");

	return text ? (uint32_t)strtoul(text, NULL, 10) : WALKS_USUAL;
}

static void random_range(int *from, int *to)
{
	int a = (int)random_below(TICKS), b = (int)random_below(TICKS);

	if (random_below(2)) { /* a short one, within the recordings */
		a = hull_from + (int)random_below((uint32_t)(hull_to - hull_from));
		b = a + 1 + (int)random_below(30);
	}
	*from = a < b ? a : b;
	*to = a < b ? b : a + 1;
	*to = *to < TICKS ? *to : TICKS - 1;
}

static void spans_and_gaps_cover_all_time_and_never_overlap(void **state)
{
	int from, to;

	(void)state;
	for (uint32_t number = 1; number <= walks(); number++) {
		walk_make(number);
		oracle_make();
		plan_archive_age(&archive);
		cache = timeline_cache_create();
		if (number % 2)
			assert_timeline(number, 0, TICKS - 1);
		for (int i = 0; i < 6; i++) {
			random_range(&from, &to);
			assert_timeline(number, from, to);
		}
		assert_timeline(number, 0, TICKS - 1);
		timeline_cache_free(cache);
		plan_archive_drop(&archive);
	}
}

static void the_footage_next_to_a_range_is_the_nearest(void **state)
{
	struct ring_reader *ring;
	int from, to;

	(void)state;
	for (uint32_t number = 1; number <= walks() / 2; number++) {
		walk_make(number);
		oracle_make();
		struct ring_writer *writer = memory_make(&ring);
		for (int i = 0; i < 12; i++) {
			random_range(&from, &to);
			assert_nearest(i % 2 ? ring : NULL, wall_of_tick(from), wall_of_tick(to));
		}
		ring_reader_close(ring);
		ring_writer_close(writer);
		plan_archive_drop(&archive);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_and_gaps_cover_all_time_and_never_overlap),
		cmocka_unit_test(the_footage_next_to_a_range_is_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
