/* test_clip_plan.c - compares plans with brute force, over the archives of plan_archives.h. */
#include "fcgi/clip/clip_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tests/unit/support/in_range.h"
#include "tests/unit/support/plan_archives.h"

/* Finds the frames of a segment that are in [from, to), by looking at each. */
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

static void assert_plan(const struct plan_archive *archive, int64_t from_us, int64_t to_us)
{
	struct clip_plan plan;
	size_t at = 0, first = 0, end = 0, before = SIZE_MAX;

	assert_int_equal(clip_plan_make(archive->folder, from_us, to_us, &plan), PLAN_OK);
	for (size_t i = 0; i < archive->count; i++) {
		const struct frames *segment = &archive->segments[i];
		bool whole_before = i > 0 && before == i - 1 && end == archive->segments[before].count;
		if (!brute_force(segment, from_us, to_us, &first, &end))
			continue;
		assert_int_in_range(at, 0, plan.count - 1);
		const struct clip_slice *slice = &plan.slices[at++];
		assert_int_equal(slice->segment.entry.segment_no, segment->entry.segment_no);
		assert_int_equal(slice->first, first);
		assert_int_equal(slice->end, end);
		assert_int_equal(slice->head.wall_us, segment->records[first].wall_us);
		assert_int_equal(slice->tail.offset, segment->records[end - 1].offset);
		assert_int_equal(slice->follows,
				 at > 1 && whole_before && first == 0 && segment->entry.gap_cause == GAP_NONE);
		before = i;
	}
	assert_int_equal(plan.count, at);
	clip_plan_free(&plan);
}

static void plans_are_what_brute_force_finds(void **state)
{
	static struct plan_archive archive;

	(void)state;
	for (uint32_t number = 1; number <= 60; number++) {
		plan_archive_make(&archive, number);
		int64_t length_us = archive.last_us - archive.first_us + 4 * US_PER_S;
		assert_plan(&archive, 0, INT64_MAX);
		for (int i = 0; i < 60; i++) {
			int64_t a = archive.first_us - 2 * US_PER_S +
				    (int64_t)random_below(1u << 24) * length_us / (1 << 24);
			int64_t b = archive.first_us - 2 * US_PER_S +
				    (int64_t)random_below(1u << 24) * length_us / (1 << 24);
			int64_t from_us = (a < b ? a : b) / US_PER_S * US_PER_S;
			int64_t to_us = a < b ? b : a;
			assert_plan(&archive, from_us, i % 3 ? to_us : from_us + US_PER_S);
		}
		plan_archive_drop(&archive);
	}
}

static void an_open_segment_grows_while_the_list_does_not_change(void **state)
{
	static struct plan_archive archive;

	(void)state;
	plan_seed = 5;
	for (uint32_t number = 100; number < 110; number++) {
		plan_archive_make(&archive, number);
		struct frames *last = &archive.segments[archive.count - 1];
		last->entry.state = CATALOGUE_RECORDING;
		plan_archive_write(&archive);
		if (last->count < FRAMES_MAX) {
			struct index_record *next = &last->records[last->count++];
			*next = next[-1];
			next->wall_us = next[-1].wall_us + next[-1].duration_us;
			next->offset = next[-1].offset + next[-1].size + 100;
			last->entry.size_bytes = next->offset + next->size;
			plan_write_segment(&archive, last);
			assert_plan(&archive, next->wall_us / US_PER_S * US_PER_S, next->wall_us + 1);
		}
		plan_archive_drop(&archive);
	}
}

/* plan_archive_drop() of an archive whose count was lowered since it was made. */
static void archive_drop_all(struct plan_archive *archive)
{
	archive->count = SEGMENTS_MAX;
	for (size_t i = 0; i < archive->count; i++)
		snprintf(archive->segments[i].entry.file, SEGMENT_FILE_BYTES, "recording_20270115_%06zu.mp4", i);
	plan_archive_drop(archive);
}

static void records_without_their_media_are_skipped(void **state)
{
	static struct plan_archive archive;
	struct clip_plan plan;

	(void)state;
	plan_archive_make(&archive, 3);
	archive.count = 1;
	struct frames *segment = &archive.segments[0];
	segment->entry.state = CATALOGUE_RECORDING;
	segment->entry.size_bytes = segment->records[segment->count - 3].offset + 1;
	plan_archive_write(&archive);
	assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_OK);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.slices[0].end, segment->count - 3);
	clip_plan_free(&plan);
	archive_drop_all(&archive);
}

static void a_slice_ends_where_frames_are_damaged(void **state)
{
	static struct plan_archive archive;
	struct clip_plan plan;

	(void)state;
	plan_archive_make(&archive, 3);
	archive.count = 1;
	struct frames *segment = &archive.segments[0];
	segment->entry.state = CATALOGUE_COMPLETE;
	plan_archive_damage(&archive, 0, 20, 25);
	plan_archive_damage(&archive, 0, 30, 31);
	segment->entry.end_wall_us =
		segment->records[segment->count - 1].wall_us + segment->records[segment->count - 1].duration_us;
	plan_archive_write(&archive);
	assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_OK);
	assert_int_equal(plan.count, 3);
	assert_int_equal(plan.slices[0].end, 20);
	assert_int_equal(plan.slices[0].tail.wall_us, segment->records[19].wall_us);
	assert_int_equal(plan.slices[1].first, 20);
	assert_int_equal(plan.slices[1].end, 30);
	assert_int_equal(plan.slices[2].end, segment->count);
	assert_false(plan.slices[1].follows || plan.slices[2].follows);
	clip_plan_free(&plan);
	assert_int_equal(
		clip_plan_make(archive.folder, segment->records[22].wall_us, segment->records[25].wall_us, &plan),
		PLAN_OK);
	assert_int_equal(plan.count, 1);
	assert_int_equal(plan.slices[0].first, 20); /* the key frame after the hole */
	clip_plan_free(&plan);
	archive_drop_all(&archive);
}

static void a_folder_without_a_list_has_nothing(void **state)
{
	struct clip_plan plan;
	int folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(clip_plan_make(folder, 0, INT64_MAX, &plan), PLAN_OK);
	assert_int_equal(plan.count, 0);
	clip_plan_free(&plan);
	close(folder);
}

/* Whatever has the list's name and cannot be read may be a list of everything. */
static void a_list_that_cannot_be_read_is_not_an_empty_one(void **state)
{
	static struct plan_archive archive;
	struct clip_plan plan;

	(void)state;
	plan_archive_make(&archive, 3);
	plan_write_file(&archive, CATALOGUE_FILE, "damaged", 7, 0);
	assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_OK);
	assert_int_equal(plan.count, 0);
	assert_int_equal(plan.unreadable, EBADMSG);
	clip_plan_free(&plan);
	assert_int_equal(unlinkat(archive.folder, CATALOGUE_FILE, 0), 0);
	assert_int_equal(mkdirat(archive.folder, CATALOGUE_FILE, 0700), 0);
	assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_OK);
	assert_int_equal(plan.unreadable, EBADMSG);
	clip_plan_free(&plan);
	assert_int_equal(unlinkat(archive.folder, CATALOGUE_FILE, AT_REMOVEDIR), 0);
	assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_OK);
	assert_int_equal(plan.unreadable, 0);
	clip_plan_free(&plan);
	archive_drop_all(&archive);
}

/* Whatever a damaged entry named is missing from the plan. */
static void a_list_with_a_damaged_entry_is_reported(void **state)
{
	static struct plan_archive archive;
	struct clip_plan plan;

	(void)state;
	plan_archive_make(&archive, 3);
	assert_true(archive.count > 1);
	for (size_t damaged = 0; damaged < archive.count; damaged++) {
		plan_archive_write(&archive);
		int fd = openat(archive.folder, CATALOGUE_FILE, O_WRONLY | O_CLOEXEC);
		assert_int_equal(pwrite(fd, "x", 1, (off_t)(damaged + 1) * CATALOGUE_ENTRY_BYTES + 100), 1);
		close(fd);
		assert_int_equal(clip_plan_make(archive.folder, 0, INT64_MAX, &plan), PLAN_OK);
		assert_int_equal(plan.unreadable, EBADMSG);
		clip_plan_free(&plan);
	}
	archive_drop_all(&archive);
}

/* Puts a FIFO in a file's place: opening it must not block. */
static void assert_fifo_is_skipped(const struct plan_archive *archive, const char *name)
{
	struct clip_plan plan;

	assert_int_equal(unlinkat(archive->folder, name, 0), 0);
	assert_int_equal(mkfifoat(archive->folder, name, 0600), 0);
	alarm(300);
	assert_int_equal(clip_plan_make(archive->folder, 0, INT64_MAX, &plan), PLAN_OK);
	alarm(0);
	assert_int_equal(plan.count, 0);
	assert_int_equal(plan.unreadable, strcmp(name, CATALOGUE_FILE) == 0 ? EBADMSG : 0);
	clip_plan_free(&plan);
}

static void a_fifo_in_place_of_a_file_blocks_nobody(void **state)
{
	static struct plan_archive archive;
	char index[SEGMENT_FILE_BYTES];

	(void)state;
	plan_archive_make(&archive, 4);
	archive.count = 1;
	plan_archive_write(&archive);
	assert_true(index_name(archive.segments[0].entry.file, index, sizeof(index)));
	assert_fifo_is_skipped(&archive, index);
	assert_fifo_is_skipped(&archive, archive.segments[0].entry.file);
	assert_fifo_is_skipped(&archive, CATALOGUE_FILE);
	archive_drop_all(&archive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_are_what_brute_force_finds),
		cmocka_unit_test(an_open_segment_grows_while_the_list_does_not_change),
		cmocka_unit_test(records_without_their_media_are_skipped),
		cmocka_unit_test(a_slice_ends_where_frames_are_damaged),
		cmocka_unit_test(a_fifo_in_place_of_a_file_blocks_nobody),
		cmocka_unit_test(a_folder_without_a_list_has_nothing),
		cmocka_unit_test(a_list_that_cannot_be_read_is_not_an_empty_one),
		cmocka_unit_test(a_list_with_a_damaged_entry_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
