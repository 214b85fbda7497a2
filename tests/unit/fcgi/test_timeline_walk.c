/*
 * test_timeline_walk.c - the timeline of the archives of plan_archives.h: spans, gaps and deleted segments. If the
 * clock was set back, one recording covers the gaps of another: test_clock_walks.c looks at each tick of those.
 */
#include "shared/timeline/timeline_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/archive/catalogue_writer.h"
#include "shared/base/clock.h"
#include "tests/unit/support/plan_archives.h"

struct totals {
	int64_t span_us, gap_us, stalled_us, deleted_us, disk_us;
	int64_t last_to_us;
	size_t spans;
};

static void on_item(const struct timeline_item *item, void *context)
{
	struct totals *totals = context;
	int64_t length_us = item->to_us - item->from_us;

	assert_true(length_us > 0);
	if (item->kind == TIMELINE_SPAN) {
		totals->span_us += length_us;
		totals->spans++;
	} else {
		totals->gap_us += length_us;
		totals->stalled_us += item->cause == GAP_STALLED ? length_us : 0;
		totals->disk_us += item->cause == GAP_DISK ? length_us : 0;
		totals->deleted_us += item->cause == GAP_DELETED ? length_us : 0;
	}
	totals->last_to_us = item->to_us;
}

static bool set_back(const struct plan_archive *archive)
{
	for (size_t i = 0; i < archive->count; i++)
		if (archive->segments[i].entry.gap_cause == GAP_CLOCK)
			return true;
	return false;
}

/* Every hole is found without reading every record, and spans and gaps together are all the time. */
static void the_timeline_accounts_for_all_time(void **state)
{
	static struct plan_archive archive;
	size_t tried = 0;

	(void)state;
	for (uint32_t number = 29; number < 240; number++) {
		struct totals totals = {0};
		int64_t all_us = 0, held_us = 0;
		if (number % 60 < 29) /* 30 to 60 frames a second: two seconds are a hole */
			continue;
		plan_archive_make(&archive, number);
		assert_true(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
		for (size_t i = 0; i < archive.count; i++) {
			const struct frames *segment = &archive.segments[i];
			const struct index_record *last = &segment->records[segment->count - 1];
			all_us += last->wall_us + last->duration_us - segment->entry.start_wall_us;
			if (i > 0 && segment->entry.start_wall_us > segment->entry.last_wall_us)
				all_us += segment->entry.start_wall_us - segment->entry.last_wall_us;
			for (size_t k = 0; k + 1 < segment->count; k++)
				if (segment->records[k].duration_us > 2000000)
					held_us += segment->records[k].duration_us - 200000;
		}
		if (set_back(&archive)) {
			assert_true(totals.span_us + totals.gap_us <= all_us);
		} else {
			assert_int_equal(totals.span_us + totals.gap_us, all_us);
			assert_true(totals.stalled_us >= held_us);
			tried++;
		}
		plan_archive_drop(&archive);
	}
	assert_true(tried > 30);
}

/* Deletes the file of a segment and, with `unlist`, its entry too, as after the next start. */
static void delete_by_hand(struct plan_archive *archive, size_t number, bool unlist)
{
	struct catalogue_entry entries[SEGMENTS_MAX];
	struct reason why;
	size_t count = 0;

	assert_int_equal(unlinkat(archive->folder, archive->segments[number].entry.file, 0), 0);
	for (size_t i = 0; i < archive->count; i++)
		if (i != number || !unlist)
			entries[count++] = archive->segments[i].entry;
	assert_true(catalogue_write(archive->folder, 2, entries, count, false, &why));
}

static void assert_deleted_between(const struct plan_archive *archive, size_t number)
{
	const struct catalogue_entry *before = &archive->segments[number - 1].entry;
	const struct catalogue_entry *next = &archive->segments[number + 1].entry;
	int64_t missing_us = next->last_wall_us - before->end_wall_us;
	struct totals whole = {0}, inside = {0};

	assert_true(timeline_walk(NULL, archive->folder, 0, INT64_MAX, on_item, &whole));
	assert_int_equal(whole.deleted_us, missing_us);
	assert_true(timeline_walk(NULL, archive->folder, before->end_wall_us + 1000, next->last_wall_us - 1000, on_item,
				  &inside));
	assert_int_equal(inside.deleted_us, missing_us - 2000);
	assert_int_equal(inside.spans, 0);
}

static void a_segment_that_somebody_deleted_is_a_gap(void **state)
{
	static struct plan_archive archive;
	size_t tried = 0;

	(void)state;
	for (uint32_t number = 60; number < 200; number++) {
		plan_archive_make(&archive, number);
		if (archive.count >= 4 && !set_back(&archive)) {
			size_t gone = 1 + random_below((uint32_t)archive.count - 3);
			delete_by_hand(&archive, gone, number % 2 == 0);
			assert_deleted_between(&archive, gone);
			tried++;
		}
		plan_archive_drop(&archive);
	}
	assert_true(tried > 30);
}

static void an_end_that_the_disk_lost_is_a_gap(void **state)
{
	static struct plan_archive archive;
	size_t tried = 0;

	(void)state;
	for (uint32_t number = 60; number < 200; number++) {
		struct totals totals = {0};
		plan_archive_make(&archive, number);
		struct frames *cut = &archive.segments[0];
		if (archive.count >= 2 && cut->count > 20 && !set_back(&archive)) {
			cut->count -= 10;
			cut->entry.frames = cut->count;
			cut->entry.end_wall_us =
				cut->records[cut->count - 1].wall_us + cut->records[cut->count - 1].duration_us;
			plan_archive_write(&archive);
			int64_t lost_us = archive.segments[1].entry.last_wall_us - cut->entry.end_wall_us;
			assert_true(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
			assert_int_equal(totals.disk_us, lost_us > 100000 ? lost_us : 0);
			assert_int_equal(totals.deleted_us, 0);
			tried++;
		}
		plan_archive_drop(&archive);
	}
	assert_true(tried > 30);
}

/* The first archive from `number` on that has at least four segments and no step of the clock. */
static void archive_of_four(struct plan_archive *archive, uint32_t number)
{
	plan_archive_make(archive, number);
	while (archive->count < 4 || set_back(archive)) {
		plan_archive_drop(archive);
		plan_archive_make(archive, ++number);
	}
}

#define HOLE_AT 150u /* of twice as many records */

/* A record can express 71 minutes at most. */
static void a_hole_of_hours_is_a_gap_of_hours(void **state)
{
	static struct plan_archive archive;
	struct totals totals = {0};

	(void)state;
	archive_of_four(&archive, 60);
	archive.count = 1;
	struct frames *segment = &archive.segments[0];
	for (size_t i = 0; i < 2 * HOLE_AT; i++) {
		int64_t late_us = i < HOLE_AT ? 0 : 3 * 3600 * US_PER_S;
		segment->records[i] = (struct index_record){
			START_US + (int64_t)i * 50000 + late_us, 500 + i * 120, 20, 50000, INDEX_KEY, 0};
	}
	segment->records[HOLE_AT - 1].duration_us = UINT32_MAX;
	segment->count = segment->entry.frames = 2 * HOLE_AT;
	segment->entry.size_bytes = 500 + segment->count * 120;
	segment->entry.start_wall_us = START_US;
	segment->entry.end_wall_us = START_US + (int64_t)segment->count * 50000 + 3 * 3600 * US_PER_S;
	segment->entry.state = CATALOGUE_COMPLETE;
	plan_archive_write(&archive);
	assert_true(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
	assert_int_equal(totals.stalled_us, 3 * 3600 * US_PER_S);
	assert_int_equal(totals.span_us, (int64_t)segment->count * 50000);
	archive.count = SEGMENTS_MAX;
	for (size_t i = 0; i < archive.count; i++)
		snprintf(archive.segments[i].entry.file, SEGMENT_FILE_BYTES, "recording_20270115_%06zu.mp4", i);
	plan_archive_drop(&archive);
}

static void a_damaged_segment_is_a_gap_of_the_disk(void **state)
{
	static struct plan_archive archive;
	struct totals totals = {0};
	char index[SEGMENT_FILE_BYTES];

	(void)state;
	archive_of_four(&archive, 60);
	const struct catalogue_entry *damaged = &archive.segments[1].entry;
	assert_true(index_name(damaged->file, index, sizeof(index)));
	assert_int_equal(unlinkat(archive.folder, index, 0), 0);
	plan_write_file(&archive, damaged->file, "zeros", 5, 4096);
	assert_true(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
	assert_int_equal(totals.disk_us, damaged->end_wall_us - damaged->start_wall_us);
	assert_int_equal(totals.deleted_us, 0);
	plan_archive_drop(&archive);
}

/* Takes all descriptors but one, with which the list can be opened and no segment. */
static bool walks_without_opening(struct timeline_cache *cache, const struct plan_archive *archive,
				  struct totals *totals)
{
	struct rlimit limit;
	int next = dup(archive->folder);

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	struct rlimit tight = {.rlim_cur = (rlim_t)next + 1, .rlim_max = limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	*totals = (struct totals){0};
	bool walks = timeline_walk(cache, archive->folder, 0, INT64_MAX, on_item, totals);
	int error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	errno = error;
	return walks;
}

/* A segment that cannot be read, because descriptors ran out or the list is damaged, is not a gap. */
static void an_error_is_not_a_gap(void **state)
{
	static struct plan_archive archive;
	struct totals totals = {0};
	uint8_t damage = 0xff;

	(void)state;
	archive_of_four(&archive, 60);
	assert_false(walks_without_opening(NULL, &archive, &totals));
	assert_int_equal(errno, EMFILE);

	int list = openat(archive.folder, CATALOGUE_FILE, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(list, &damage, 1, CATALOGUE_ENTRY_BYTES * 2 + 20), 1);
	close(list);
	assert_false(timeline_walk(NULL, archive.folder, 0, INT64_MAX, on_item, &totals));
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(totals.spans + (size_t)totals.gap_us, 0);
	plan_archive_drop(&archive);
}

static struct totals walk_with(struct timeline_cache *cache, const struct plan_archive *archive)
{
	struct totals totals = {0};

	assert_true(timeline_walk(cache, archive->folder, 0, INT64_MAX, on_item, &totals));
	return totals;
}

/* A list that is new, and segments that are the same; then the same list; then a changed segment, and a deleted one. */
static void what_is_remembered_follows_the_files(void **state)
{
	static struct plan_archive archive;
	struct timeline_cache *cache = timeline_cache_create();
	struct totals got;
	char index[SEGMENT_FILE_BYTES];

	(void)state;
	archive_of_four(&archive, 60);
	plan_archive_age(&archive);
	const struct totals wanted = walk_with(NULL, &archive);
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			got = walk_with(cache, &archive);
		else
			assert_true(walks_without_opening(cache, &archive, &got));
		assert_memory_equal(&got, &wanted, sizeof(got));
	}
	assert_int_equal(renameat(archive.folder, CATALOGUE_FILE, archive.folder, "list"), 0);
	assert_int_equal(renameat(archive.folder, "list", archive.folder, CATALOGUE_FILE), 0);
	assert_true(walks_without_opening(cache, &archive, &got));
	assert_memory_equal(&got, &wanted, sizeof(got));

	plan_archive_age(&archive);
	walk_with(cache, &archive);
	assert_true(index_name(archive.segments[1].entry.file, index, sizeof(index)));
	assert_int_equal(unlinkat(archive.folder, index, 0), 0);
	assert_int_equal(unlinkat(archive.folder, archive.segments[1].entry.file, 0), 0);
	assert_true(walk_with(cache, &archive).deleted_us > 0);
	timeline_cache_free(cache);
	plan_archive_drop(&archive);
}

/* A disk that fails now may work again, and nothing about the file tells. */
static void what_could_not_be_read_is_not_remembered(void **state)
{
	static struct plan_archive archive;
	struct timeline_cache *cache = timeline_cache_create();
	struct totals got;
	char index[SEGMENT_FILE_BYTES];
	uint8_t damage = 0xff;

	(void)state;
	archive_of_four(&archive, 60);
	assert_true(index_name(archive.segments[1].entry.file, index, sizeof(index)));
	int fd = openat(archive.folder, index, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, &damage, 1, 2 * INDEX_RECORD_BYTES - 1), 1);
	close(fd);
	plan_archive_age(&archive);
	walk_with(cache, &archive);
	assert_false(walks_without_opening(cache, &archive, &got));
	timeline_cache_free(cache);
	plan_archive_drop(&archive);
}

static int64_t disk_gaps_us(const struct plan_archive *archive, int64_t from_us, int64_t to_us)
{
	struct totals totals = {0};

	assert_true(timeline_walk(NULL, archive->folder, from_us, to_us, on_item, &totals));
	return totals.disk_us;
}

/* However few they are, and whichever part of them is asked for. */
static void damaged_frames_are_a_gap(void **state)
{
	static struct plan_archive archive;
	size_t tried = 0;

	(void)state;
	for (uint32_t number = 60; number < 120; number++) {
		plan_archive_make(&archive, number);
		const struct frames *segment = &archive.segments[0];
		if (archive.count >= 2 && segment->count > 30 && !set_back(&archive)) {
			int64_t from_us = segment->records[10].wall_us,
				lost_us = plan_archive_damage(&archive, 0, 10, 12);
			assert_int_equal(disk_gaps_us(&archive, 0, INT64_MAX), lost_us);
			assert_int_equal(disk_gaps_us(&archive, from_us + 1, INT64_MAX), lost_us - 1);
			assert_int_equal(disk_gaps_us(&archive, 0, from_us + 5), 5);
			assert_int_equal(disk_gaps_us(&archive, from_us + lost_us, INT64_MAX), 0);
			lost_us += plan_archive_damage(&archive, 0, segment->count - 3, segment->count - 1);
			assert_int_equal(disk_gaps_us(&archive, 0, INT64_MAX), lost_us);
			tried++;
		}
		plan_archive_drop(&archive);
	}
	assert_true(tried > 20);
}

static void a_damaged_beginning_is_a_gap(void **state)
{
	static struct plan_archive archive;
	size_t tried = 0;

	(void)state;
	for (uint32_t number = 60; number < 140; number++) {
		plan_archive_make(&archive, number);
		if (archive.count >= 2 && !set_back(&archive) && archive.segments[1].count > 20 &&
		    archive.segments[1].entry.gap_cause == GAP_NONE) {
			int64_t lost_us = plan_archive_damage(&archive, 1, 0, 5);
			assert_int_equal(disk_gaps_us(&archive, 0, INT64_MAX), lost_us > 100000 ? lost_us : 0);
			tried++;
		}
		plan_archive_drop(&archive);
	}
	assert_true(tried > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_timeline_accounts_for_all_time),
		cmocka_unit_test(a_segment_that_somebody_deleted_is_a_gap),
		cmocka_unit_test(an_end_that_the_disk_lost_is_a_gap),
		cmocka_unit_test(a_hole_of_hours_is_a_gap_of_hours),
		cmocka_unit_test(a_damaged_segment_is_a_gap_of_the_disk),
		cmocka_unit_test(an_error_is_not_a_gap),
		cmocka_unit_test(what_is_remembered_follows_the_files),
		cmocka_unit_test(what_could_not_be_read_is_not_remembered),
		cmocka_unit_test(damaged_frames_are_a_gap),
		cmocka_unit_test(a_damaged_beginning_is_a_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
