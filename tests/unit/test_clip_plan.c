/*
 * test_clip_plan.c - plans against brute force, over archives whose frames jitter, pause, miss key frames and go back
 * in time; and the timeline of the same archives.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/clip_plan.h"
#include "fcgi/clip_timeline.h"
#include "shared/clock.h"
#include "shared/segment.h"

#define SEGMENTS_MAX 12u
#define FRAMES_MAX   400u
#define START_US     INT64_C(1800000000000000)

struct frames {
	struct catalogue_entry entry;
	struct index_record records[FRAMES_MAX];
	size_t count;
};

struct archive {
	struct frames segments[SEGMENTS_MAX];
	size_t count;
	int64_t first_us, last_us;
	char path[64];
	int folder;
};

static uint32_t seed;

static uint32_t below(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(seed >> 8) * limit >> 24);
}

static void write_file(const struct archive *archive, const char *name, const void *data, size_t length, off_t size)
{
	int fd = openat(archive->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	if (size > 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void segment_write(const struct archive *archive, const struct frames *segment)
{
	struct index_header header = {.segment_no = segment->entry.segment_no,
				      .first_wall_us = segment->entry.start_wall_us};
	struct index_record records[FRAMES_MAX];
	uint8_t bytes[(FRAMES_MAX + 1) * INDEX_RECORD_BYTES];
	char name[SEGMENT_FILE_BYTES];

	index_header_seal(&header);
	memcpy(bytes, &header, sizeof(header));
	memcpy(records, segment->records, sizeof(records));
	for (size_t i = 0; i < segment->count; i++)
		index_record_seal(&records[i], segment->entry.segment_no);
	memcpy(bytes + sizeof(header), records, segment->count * sizeof(records[0]));
	assert_true(index_name(segment->entry.file, name, sizeof(name)));
	write_file(archive, name, bytes, (segment->count + 1) * INDEX_RECORD_BYTES, 0);
	write_file(archive, segment->entry.file, "", 0, (off_t)segment->entry.size_bytes);
}

/* The frames of one segment from *wall_us on; *wall_us moves to its end. */
static void segment_fill(struct frames *segment, int64_t *wall_us, uint32_t usual_us)
{
	uint64_t offset = 500;
	int64_t second = -1;

	segment->count = 2 + below(FRAMES_MAX - 2);
	for (size_t i = 0; i < segment->count; i++) {
		struct index_record *record = &segment->records[i];
		uint32_t duration_us = usual_us * 3 / 4 + below(usual_us / 2 + 1);
		bool key = *wall_us / US_PER_S != second && (i == 0 || below(10) != 0);
		if (i + 1 < segment->count && below(60) == 0)
			duration_us += below(4000000);
		*record = (struct index_record){*wall_us, offset, 10 + below(50), duration_us, key ? INDEX_KEY : 0, 0};
		if (key)
			second = *wall_us / US_PER_S;
		offset += record->size + 100;
		*wall_us += duration_us;
	}
	segment->entry.size_bytes = offset;
}

static void segment_make(struct archive *archive, size_t number, int64_t *wall_us, uint32_t usual_us)
{
	struct frames *segment = &archive->segments[number];
	int64_t last_end_us = number ? *wall_us : 0;
	uint32_t cause = GAP_NONE;

	memset(segment, 0, sizeof(*segment));
	if (number == 0) {
		cause = GAP_START;
	} else if (below(3) == 0) {
		cause = below(3) == 0 ? GAP_CLOCK : GAP_UNPLUGGED;
		*wall_us += cause == GAP_CLOCK ? -(int64_t)below(20000000) : (int64_t)below(9000000);
	}
	segment->entry = (struct catalogue_entry){.segment_no = number + 7,
						  .start_wall_us = *wall_us,
						  .last_wall_us = last_end_us,
						  .gap_cause = (uint8_t)cause,
						  .codec = MP4_TYPE('a', 'v', 'c', '1'),
						  .width = 64,
						  .height = 64,
						  .state = CATALOGUE_COMPLETE};
	snprintf(segment->entry.file, sizeof(segment->entry.file), "recording_20270115_%06u.mp4", (unsigned)number);
	segment_fill(segment, wall_us, usual_us);
	segment->entry.end_wall_us = *wall_us;
	segment->entry.frames = segment->count;
	if (*wall_us > archive->last_us)
		archive->last_us = *wall_us;
}

static void archive_write(struct archive *archive)
{
	struct catalogue_entry entries[SEGMENTS_MAX];
	struct reason why;

	for (size_t i = 0; i < archive->count; i++) {
		entries[i] = archive->segments[i].entry;
		segment_write(archive, &archive->segments[i]);
	}
	assert_true(catalogue_write(archive->folder, 1, entries, archive->count, false, &why));
}

static void archive_make(struct archive *archive, uint32_t number)
{
	uint32_t usual_us = 1000000 / (1 + number % 60);
	int64_t wall_us = START_US + 437000;

	seed = number;
	*archive = (struct archive){.count = 1 + below(SEGMENTS_MAX)};
	snprintf(archive->path, sizeof(archive->path), "/tmp/recorder-plan-XXXXXX");
	assert_non_null(mkdtemp(archive->path));
	archive->folder = open(archive->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(archive->folder >= 0);
	archive->first_us = wall_us;
	for (size_t i = 0; i < archive->count; i++)
		segment_make(archive, i, &wall_us, usual_us);
	struct frames *last = &archive->segments[archive->count - 1];
	if (below(2) == 0) {
		/* Still being recorded: the list is older than the index. */
		last->entry.state = CATALOGUE_RECORDING;
		last->entry.frames = 1;
		last->entry.end_wall_us = last->records[0].wall_us + last->records[0].duration_us;
	}
	archive_write(archive);
}

static void archive_drop(struct archive *archive)
{
	char name[SEGMENT_FILE_BYTES];

	for (size_t i = 0; i < archive->count; i++) {
		unlinkat(archive->folder, archive->segments[i].entry.file, 0);
		assert_true(index_name(archive->segments[i].entry.file, name, sizeof(name)));
		unlinkat(archive->folder, name, 0);
	}
	unlinkat(archive->folder, CATALOGUE_FILE, 0);
	close(archive->folder);
	assert_int_equal(rmdir(archive->path), 0);
}

/* What of a segment belongs to [from, to), by looking at each frame. */
static bool brute_force(const struct frames *segment, int64_t from_us, int64_t to_us, size_t *first, size_t *end)
{
	bool found = false;

	for (size_t i = 0; i < segment->count; i++) {
		if (segment->records[i].wall_us < from_us || segment->records[i].wall_us >= to_us)
			continue;
		if (!found)
			*first = i;
		found = true;
		*end = i + 1;
	}
	while (found && *first > 0 && !(segment->records[*first].flags & INDEX_KEY))
		(*first)--;
	return found;
}

static void assert_plan(const struct archive *archive, int64_t from_us, int64_t to_us)
{
	struct clip_plan plan;
	size_t at = 0, first = 0, end = 0, before = SIZE_MAX;

	assert_int_equal(clip_plan_make(archive->folder, from_us, to_us, &plan), PLAN_GOOD);
	for (size_t i = 0; i < archive->count; i++) {
		const struct frames *segment = &archive->segments[i];
		bool whole_before = i > 0 && before == i - 1 && end == archive->segments[before].count;
		if (!brute_force(segment, from_us, to_us, &first, &end))
			continue;
		assert_in_range(at, 0, plan.count - 1);
		const struct clip_stretch *stretch = &plan.stretches[at++];
		assert_int_equal(stretch->segment.entry.segment_no, segment->entry.segment_no);
		assert_int_equal(stretch->first, first);
		assert_int_equal(stretch->end, end);
		assert_int_equal(stretch->head.wall_us, segment->records[first].wall_us);
		assert_int_equal(stretch->tail.offset, segment->records[end - 1].offset);
		assert_int_equal(stretch->follows,
				 at > 1 && whole_before && first == 0 && segment->entry.gap_cause == GAP_NONE);
		before = i;
	}
	assert_int_equal(plan.count, at);
	clip_plan_finish(&plan);
}

static void plans_are_what_looking_at_each_frame_gives(void **state)
{
	static struct archive archive;

	(void)state;
	for (uint32_t number = 1; number <= 60; number++) {
		archive_make(&archive, number);
		int64_t length_us = archive.last_us - archive.first_us + 4 * US_PER_S;
		assert_plan(&archive, 0, INT64_MAX);
		for (int i = 0; i < 60; i++) {
			int64_t a = archive.first_us - 2 * US_PER_S + (int64_t)below(1u << 24) * length_us / (1 << 24);
			int64_t b = archive.first_us - 2 * US_PER_S + (int64_t)below(1u << 24) * length_us / (1 << 24);
			int64_t from_us = (a < b ? a : b) / US_PER_S * US_PER_S;
			int64_t to_us = a < b ? b : a;
			assert_plan(&archive, from_us, i % 3 ? to_us : from_us + US_PER_S);
		}
		archive_drop(&archive);
	}
}

static void an_open_segment_grows_while_the_list_stands_still(void **state)
{
	static struct archive archive;

	(void)state;
	seed = 5;
	for (uint32_t number = 100; number < 110; number++) {
		archive_make(&archive, number);
		struct frames *last = &archive.segments[archive.count - 1];
		last->entry.state = CATALOGUE_RECORDING;
		archive_write(&archive);
		if (last->count < FRAMES_MAX) {
			struct index_record *next = &last->records[last->count++];
			*next = next[-1];
			next->wall_us = next[-1].wall_us + next[-1].duration_us;
			next->offset = next[-1].offset + next[-1].size + 100;
			last->entry.size_bytes = next->offset + next->size;
			segment_write(&archive, last);
			assert_plan(&archive, next->wall_us / US_PER_S * US_PER_S, next->wall_us + 1);
		}
		archive_drop(&archive);
	}
}

static void records_without_their_media_are_left_out(void **state)
{
	static struct archive archive;
	struct clip_plan plan;

	(void)state;
	archive_make(&archive, 3);
	archive.count = 1;
	struct frames *segment = &archive.segments[0];
	segment->entry.state = CATALOGUE_RECORDING;
	segment->entry.size_bytes = segment->records[segment->count - 3].offset + 1;
	archive_write(&archive);
	assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_GOOD);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.stretches[0].end, segment->count - 3);
	clip_plan_finish(&plan);
	archive.count = SEGMENTS_MAX;
	for (size_t i = 0; i < archive.count; i++)
		snprintf(archive.segments[i].entry.file, SEGMENT_FILE_BYTES, "recording_20270115_%06zu.mp4", i);
	archive_drop(&archive);
}

struct seen {
	int64_t span_us, gap_us, stalled_us, deleted_us;
	int64_t last_to_us;
	size_t spans;
};

static void see(const struct timeline_item *item, void *context)
{
	struct seen *seen = context;
	int64_t length_us = item->to_us - item->from_us;

	assert_true(length_us > 0);
	if (item->kind == TIMELINE_SPAN) {
		seen->span_us += length_us;
		seen->spans++;
	} else {
		seen->gap_us += length_us;
		seen->stalled_us += item->cause == GAP_STALLED ? length_us : 0;
		seen->deleted_us += item->cause == GAP_DELETED ? length_us : 0;
	}
	seen->last_to_us = item->to_us;
}

/* Every hole is found without reading every record, and spans and gaps together are all of the time. */
static void the_timeline_accounts_for_all_time(void **state)
{
	static struct archive archive;

	(void)state;
	for (uint32_t number = 29; number <= 59; number++) {
		struct seen seen = {0};
		int64_t all_us = 0, held_us = 0;
		archive_make(&archive, number);
		assert_true(timeline_walk(archive.folder, 0, INT64_MAX, see, &seen));
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
		assert_int_equal(seen.span_us + seen.gap_us, all_us);
		assert_true(seen.stalled_us >= held_us);
		archive_drop(&archive);
	}
}

/* Removes a segment's files, and where `unlist` its entry too, as after the next start. */
static void delete_by_hand(struct archive *archive, size_t number, bool unlist)
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

static void assert_deleted_between(const struct archive *archive, size_t number)
{
	const struct catalogue_entry *before = &archive->segments[number - 1].entry;
	const struct catalogue_entry *next = &archive->segments[number + 1].entry;
	int64_t missing_us = next->last_wall_us - before->end_wall_us;
	struct seen whole = {0}, inside = {0};

	assert_true(timeline_walk(archive->folder, 0, INT64_MAX, see, &whole));
	assert_int_equal(whole.deleted_us, missing_us > 0 ? missing_us : 0);
	for (size_t i = 0; i < archive->count; i++)
		if (archive->segments[i].entry.gap_cause == GAP_CLOCK)
			return; /* the same time may have been recorded twice */
	assert_true(
		timeline_walk(archive->folder, before->end_wall_us + 1000, next->last_wall_us - 1000, see, &inside));
	assert_int_equal(inside.deleted_us, missing_us - 2000);
	assert_int_equal(inside.spans, 0);
}

static void a_segment_that_somebody_deleted_is_a_gap(void **state)
{
	static struct archive archive;
	size_t tried = 0;

	(void)state;
	for (uint32_t number = 60; number < 140; number++) {
		archive_make(&archive, number);
		if (archive.count >= 4) {
			size_t gone = 1 + below((uint32_t)archive.count - 3);
			delete_by_hand(&archive, gone, number % 2 == 0);
			assert_deleted_between(&archive, gone);
			tried++;
		}
		archive_drop(&archive);
	}
	assert_true(tried > 30);
}

static void a_folder_without_a_list_has_nothing(void **state)
{
	struct clip_plan plan;
	int folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(clip_plan_make(folder, 0, INT64_MAX, &plan), PLAN_GOOD);
	assert_int_equal(plan.count, 0);
	clip_plan_finish(&plan);
	close(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_what_looking_at_each_frame_gives),
		cmocka_unit_test(an_open_segment_grows_while_the_list_stands_still),
		cmocka_unit_test(records_without_their_media_are_left_out),
		cmocka_unit_test(the_timeline_accounts_for_all_time),
		cmocka_unit_test(a_segment_that_somebody_deleted_is_a_gap),
		cmocka_unit_test(a_folder_without_a_list_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
