/*
 * test_many_segments.c - clips and timelapses over more segments than a process may have open: few descriptors are
 * used, the bytes are right, and segments may be deleted in the meantime. Packed clips.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fcgi/io/lazy_files.h"
#include "recorderd/archive/catalogue_writer.h"
#include "tests/unit/support/clip_cases.h"
#include "tests/unit/support/sample_table.h"

#define SEGMENTS    300u
#define FRAMES      12u
#define LENGTH_US   (INT64_C(600) * 1000000)
#define FIRST_US(i) (MEDIA_WALL_US + (int64_t)(i)*LENGTH_US)

static struct buffer media;
static struct walked walked;

static void name_of(size_t number, char out[SEGMENT_FILE_BYTES])
{
	snprintf(out, SEGMENT_FILE_BYTES, "recording_20270115_%06zu.mp4", number);
}

/* Writes the same segment many times, ten minutes apart. */
static void many_make(void)
{
	static struct catalogue_entry entries[SEGMENTS];
	struct segment_layout layout;
	struct reason why;
	char path[PATH_BYTES];

	media = segment_of(&streams.h264, 0, FRAMES, 1);
	assert_int_equal(examine_bytes(media.data, media.length, &layout, &walked), SEGMENT_OK);
	for (size_t i = 0; i < SEGMENTS; i++) {
		struct walked moved = walked;
		for (size_t k = 0; k < moved.count; k++) {
			moved.records[k].wall_us += (int64_t)i * LENGTH_US;
			index_record_seal(&moved.records[k], i + 1);
		}
		const struct index_record *last = &moved.records[moved.count - 1];
		entries[i] = (struct catalogue_entry){.segment_no = i + 1,
						      .start_wall_us = FIRST_US(i),
						      .end_wall_us = last->wall_us + last->duration_us,
						      .last_wall_us = i > 0 ? entries[i - 1].end_wall_us : 0,
						      .frames = moved.count,
						      .codec = layout.init.codec,
						      .width = 96,
						      .height = 64,
						      .gap_cause = i > 0 ? GAP_UNPLUGGED : GAP_START,
						      .state = CATALOGUE_COMPLETE};
		name_of(i, entries[i].file);
		file_write(path_of(entries[i].file, path), media.data, media.length);
		write_segment_index(&moved, entries[i].file, i + 1);
	}
	segment_layout_free(&layout);
	assert_true(catalogue_write(clip_folder, 1, entries, SEGMENTS, false, &why));
}

static void many_free(void)
{
	char name[SEGMENT_FILE_BYTES], index[SEGMENT_FILE_BYTES];

	for (size_t i = 0; i < SEGMENTS; i++) {
		name_of(i, name);
		assert_true(index_name(name, index, sizeof(index)));
		unlinkat(clip_folder, name, 0);
		unlinkat(clip_folder, index, 0);
	}
	unlinkat(clip_folder, CATALOGUE_FILE, 0);
	buffer_free(&media);
}

/* Allows that many descriptors in addition to those that are open now. */
static void descriptors_at_most(unsigned count, struct rlimit *before)
{
	int limit = 0;

	for (unsigned found = 0; found < count; limit++)
		found += fcntl(limit, F_GETFD) < 0;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	struct rlimit tight = {(rlim_t)limit, before->rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
}

static void clip_read(const struct clip *clip, uint64_t at, uint8_t *out, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t got = virtual_file_read(clip->file, at + done, out + done, length - done);
		assert_true(got > 0);
		done += (size_t)got;
	}
}

/* The samples are those frames of each segment, byte for byte. */
static void assert_samples(const struct clip *clip, size_t frames_per_segment, const size_t *numbers)
{
	static uint8_t head[1 << 20], sample[1 << 16];
	size_t got =
		virtual_file_size(clip->file) < sizeof(head) ? (size_t)virtual_file_size(clip->file) : sizeof(head);

	clip_read(clip, 0, head, got);
	uint32_t count = 0;
	struct sample_place *places = sample_places(head, got, &count);
	assert_non_null(places);
	assert_int_equal(count, clip->frames);
	for (size_t i = 0; i < count; i++) {
		const struct index_record *record = &walked.records[numbers[i % frames_per_segment]];
		assert_int_equal(places[i].size, record->size);
		clip_read(clip, places[i].offset, sample, record->size);
		assert_memory_equal(sample, media.data + record->offset, record->size);
	}
	free(places);
}

static void clips_of_many_segments_use_few_descriptors(void **state)
{
	size_t all[FRAMES], keys[FRAMES], key_count = 0;
	struct rlimit before;

	(void)state;
	many_make();
	for (size_t i = 0; i < FRAMES; i++) {
		all[i] = i;
		if (media_key(i))
			keys[key_count++] = i;
	}
	descriptors_at_most(2 * PLAN_OPEN_MAX + 8, &before); /* the .mp4 and the .idx of each that stays open */
	struct clip clip = clip_of_range(0, INT64_MAX - 1000000, 1), lapse = {0};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(clip.frames, SEGMENTS * FRAMES);
	assert_int_equal(clip.span_count, SEGMENTS);
	descriptors_at_most(LAZY_OPEN_MAX + 2, &before);
	assert_samples(&clip, FRAMES, all);
	assert_samples(&clip, FRAMES, all); /* once more, from the beginning */
	clip_free(&clip);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	descriptors_at_most(2 * PLAN_OPEN_MAX + 8, &before);
	lapse = clip_of_range(0, INT64_MAX - 1000000, 2);
	assert_int_equal(lapse.frames, SEGMENTS * key_count);
	assert_samples(&lapse, key_count, keys);
	clip_free(&lapse);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	many_free();
}

/* Offset of the bytes of segment `number` in the clip of all frames. */
static uint64_t segment_offset(const struct clip *clip, size_t number)
{
	const struct index_record *last = &walked.records[FRAMES - 1];
	uint64_t bytes = last->offset + last->size - walked.records[0].offset;

	return virtual_file_size(clip->file) - (SEGMENTS - number) * bytes;
}

static bool is_served(const struct clip *clip, size_t number)
{
	uint8_t bytes[16];

	errno = 0;
	if (virtual_file_read(clip->file, segment_offset(clip, number), bytes, sizeof(bytes)) == sizeof(bytes))
		return memcmp(bytes, media.data + walked.records[0].offset, sizeof(bytes)) == 0;
	assert_int_equal(errno, ENOENT);
	return false;
}

/* Segments that are due soon stay open. Those due later are missing, and no other file is taken for them. */
static void a_deleted_segment_is_not_replaced_by_another_file(void **state)
{
	char name[SEGMENT_FILE_BYTES], path[PATH_BYTES];

	(void)state;
	many_make();
	struct buffer other = segment_of(&streams.h264, 0, FRAMES, SEGMENTS + 1);
	struct clip clip = clip_of_range(0, INT64_MAX - 1000000, 1);
	assert_true(is_served(&clip, PLAN_OPEN_MAX));
	for (size_t i = 0; i < SEGMENTS; i++) {
		name_of(i, name);
		assert_int_equal(unlinkat(clip_folder, name, 0), 0);
		file_write(path_of(name, path), other.data, other.length);
	}
	for (size_t i = 0; i < PLAN_OPEN_MAX + LAZY_OPEN_MAX; i++)
		assert_true(is_served(&clip, i));
	assert_false(is_served(&clip, SEGMENTS - 1));
	assert_false(is_served(&clip, PLAN_OPEN_MAX));
	assert_true(is_served(&clip, 0));
	clip_free(&clip);
	buffer_free(&other);
	many_free();
}

static void a_segment_deleted_before_the_clip_is_built_is_skipped(void **state)
{
	const size_t gone[] = {PLAN_OPEN_MAX, 100, 101, SEGMENTS - 1};
	char name[SEGMENT_FILE_BYTES];
	struct clip_plan plan;
	struct clip clip;

	(void)state;
	many_make();
	assert_int_equal(clip_plan_make(clip_folder, 0, INT64_MAX - 1000000, &plan), PLAN_OK);
	for (size_t i = 0; i < 4; i++) {
		name_of(gone[i], name);
		assert_int_equal(unlinkat(clip_folder, name, 0), 0);
	}
	assert_true(clip_build(&plan, 1, &clip));
	clip_plan_free(&plan);
	assert_int_equal(clip.span_count, SEGMENTS - 4);
	assert_int_equal(clip.frames, (SEGMENTS - 4) * FRAMES);
	assert_true(clip.end_us < FIRST_US(SEGMENTS - 1));
	struct clip now = clip_of_range(0, INT64_MAX - 1000000, 1);
	assert_string_equal(clip.etag, now.etag);
	clip_free(&now);
	clip_free(&clip);
	many_free();
}

/* Each byte is the same whether it is read alone, with those after it, or with the whole clip. */
static void assert_same_from_anywhere(const struct clip *clip)
{
	static uint8_t whole[1 << 22], part[4096];
	size_t size = (size_t)virtual_file_size(clip->file);

	assert_true(size < sizeof(whole));
	clip_read(clip, 0, whole, size);
	for (size_t at = 1, step = 1; at < size; at += step, step = step % 997 + 1) {
		size_t length = size - at < step * 4 ? size - at : step * 4;
		clip_read(clip, at, part, length);
		assert_memory_equal(part, whole + at, length);
	}
}

static struct clip packed_clip(void)
{
	struct clip_plan plan;
	struct clip clip;

	assert_int_equal(clip_plan_make(clip_folder, 0, INT64_MAX - 1000000, &plan), PLAN_OK);
	plan.packed = true;
	assert_true(clip_build(&plan, 1, &clip));
	clip_plan_free(&plan);
	return clip;
}

/* A packed clip has the same frames as another and nothing between them. */
static void a_packed_clip_has_only_frames(void **state)
{
	size_t all[FRAMES];
	uint64_t frame_bytes = 0;
	struct virtual_file_extent extent;

	(void)state;
	many_make();
	for (size_t i = 0; i < FRAMES; i++) {
		all[i] = i;
		frame_bytes += walked.records[i].size;
	}
	struct clip packed = packed_clip(), other = clip_of_range(0, INT64_MAX - 1000000, 1);
	assert_int_equal(packed.frames, SEGMENTS * FRAMES);
	assert_int_equal(packed.duration_us, other.duration_us);
	assert_string_not_equal(packed.etag, other.etag);
	assert_samples(&packed, FRAMES, all);
	assert_same_from_anywhere(&packed);
	uint64_t between = walked.records[FRAMES - 1].offset + walked.records[FRAMES - 1].size -
			   walked.records[0].offset - frame_bytes;
	assert_true(virtual_file_size(packed.file) <= virtual_file_size(other.file) - SEGMENTS * between);
	for (uint64_t at = 0; at < virtual_file_size(packed.file); at += 97)
		assert_false(virtual_file_extent_at(packed.file, at, &extent));
	clip_free(&packed);
	clip_free(&other);
	many_free();
}

static void a_packed_clip_of_a_truncated_file_ends_with_an_error(void **state)
{
	char name[SEGMENT_FILE_BYTES], path[PATH_BYTES];
	uint8_t bytes[1 << 16];
	ssize_t got = 0;

	(void)state;
	many_make();
	struct clip clip = packed_clip();
	name_of(1, name);
	assert_int_equal(truncate(path_of(name, path), (off_t)walked.records[FRAMES - 1].offset), 0);
	for (uint64_t at = 0; (got = virtual_file_read(clip.file, at, bytes, sizeof(bytes))) > 0; at += (uint64_t)got)
		assert_true(at < virtual_file_size(clip.file));
	assert_int_equal(got, -1);
	assert_int_equal(errno, EIO);
	clip_free(&clip);
	many_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clips_of_many_segments_use_few_descriptors),
		cmocka_unit_test(a_deleted_segment_is_not_replaced_by_another_file),
		cmocka_unit_test(a_segment_deleted_before_the_clip_is_built_is_skipped),
		cmocka_unit_test(a_packed_clip_has_only_frames),
		cmocka_unit_test(a_packed_clip_of_a_truncated_file_ends_with_an_error),
	};

	return cmocka_run_group_tests(tests, clip_folder_make, drop_streams);
}
