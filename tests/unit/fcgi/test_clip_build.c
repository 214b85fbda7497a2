/* test_clip_build.c - clips are exact: the right frames at the right times, whatever is between them. */
#include <unistd.h>

#include "tests/unit/support/clip_cases.h"
#include "tests/unit/support/in_range.h"

static void a_clip_over_three_segments_is_frame_exact(void **state)
{
	size_t one = next_key(10), two = next_key(20);
	const struct part parts[] = {
		{&streams.h264, 0, one, GAP_START, true},
		{&streams.h264, one, two - one, GAP_NONE, true},
		{&streams.h264, two, MEDIA_FRAMES - two, GAP_NONE, false},
	};
	char path[PATH_BYTES];

	(void)state;
	archive_of_parts(parts, 3);
	size_t first = next_key(3);
	int64_t from_us = media_wall_us(first) / 1000000 * 1000000;
	struct clip clip = clip_of_range(from_us, media_wall_us(35), 1);
	write_clip(&clip, path);
	assert_shows(path, &streams.h264, first, 35 - first);
	assert_string_equal(clip.source, "disk");
	assert_int_equal(clip.span_count, 1);
	clip_free(&clip);
}

static void a_whole_range_lasts_exactly_what_was_asked_for(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true}};
	char path[PATH_BYTES];

	(void)state;
	archive_of_parts(parts, 1);
	/* The key frame of this second comes within the tolerance, and the last frame lasts beyond the end. */
	size_t first = next_key(1);
	while (media_wall_us(first) % 1000000 > 100000)
		first = next_key(first + 1);
	int64_t from_us = media_wall_us(first) / 1000000 * 1000000;
	struct clip clip = clip_of_range(from_us, from_us + 1000000, 1);
	assert_int_equal(clip.duration_us, 1000000);
	assert_int_equal(clip.start_us, from_us);
	write_clip(&clip, path);
	assert_int_in_range(clip_length_us(path), 1000000 - 500, 1000000 + 500);
	clip_free(&clip);
}

static void a_clip_of_footage_that_begins_late_or_ends_early_is_shorter(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true}};

	(void)state;
	archive_of_parts(parts, 1);
	struct clip clip = clip_of_range(RUN_US - 5000000, media_wall_us(MEDIA_FRAMES) + 5000000, 1);
	assert_int_equal(clip.start_us, MEDIA_WALL_US);
	assert_int_equal(clip.frames, MEDIA_FRAMES);
	assert_int_equal(clip.duration_us, clip.end_us - clip.start_us);
	assert_true(clip.end_us < media_wall_us(MEDIA_FRAMES) + 5000000);
	clip_free(&clip);
}

static void the_last_picture_lasts_through_a_gap(void **state)
{
	size_t two = next_key(20);
	const struct part parts[] = {
		{&streams.h264, 0, 8, GAP_START, true},
		{&streams.h264, two, MEDIA_FRAMES - two, GAP_UNPLUGGED, true},
	};
	static struct decoded got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	(void)state;
	archive_of_parts(parts, 2);
	struct clip clip = clip_of_range(RUN_US, INT64_MAX - 1000000, 1);
	write_clip(&clip, path);
	assert_int_equal(decode(path, got), 8 + MEDIA_FRAMES - two);
	assert_int_in_range(got[8].time_us + 12 - media_time_us(two), 0, 24);
	assert_int_equal(clip.span_count, 2);
	clip_free(&clip);
}

/* After the clock was set back, the same seconds come twice: both are in the clip, one after the other. */
static void time_that_was_recorded_twice_is_played_twice(void **state)
{
	const struct part parts[] = {
		{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true},
		{&streams.h264, 0, MEDIA_FRAMES, GAP_CLOCK, true},
	};
	static struct decoded got[MEDIA_FRAMES * 2];
	char path[PATH_BYTES];

	(void)state;
	archive_of_parts(parts, 2);
	struct clip clip = clip_of_range(RUN_US, INT64_MAX - 1000000, 1);
	write_clip(&clip, path);
	assert_int_equal(decode(path, got), 2 * MEDIA_FRAMES);
	for (size_t i = 1; i < MEDIA_FRAMES; i++)
		assert_int_in_range(got[MEDIA_FRAMES + i].time_us - got[MEDIA_FRAMES].time_us + 12 - media_time_us(i),
				    0, 24);
	assert_true(got[MEDIA_FRAMES].time_us > got[MEDIA_FRAMES - 1].time_us);
	assert_string_equal(got[MEDIA_FRAMES].hash, got[0].hash);
	clip_free(&clip);
}

static void a_timelapse_plays_the_key_frames_faster(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true}};
	static struct decoded got[MEDIA_FRAMES * 2];
	size_t keys = 0;
	char path[PATH_BYTES];

	(void)state;
	archive_of_parts(parts, 1);
	struct clip clip = clip_of_range(RUN_US, INT64_MAX - 1000000, 4);
	write_clip(&clip, path);
	for (size_t i = 0; i < MEDIA_FRAMES; i++)
		keys += media_key(i);
	assert_int_equal(decode(path, got), keys);
	assert_int_in_range(got[1].time_us + 12 - media_time_us(next_key(1)) / 4, 0, 24);
	clip_free(&clip);
}

static void the_entity_tag_depends_on_the_content(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true}};

	(void)state;
	archive_of_parts(parts, 1);
	struct clip a = clip_of_range(RUN_US, RUN_US + 3000000, 1), b = clip_of_range(RUN_US, RUN_US + 3000000, 1);
	struct clip c = clip_of_range(RUN_US, RUN_US + 2000000, 1), d = clip_of_range(RUN_US, RUN_US + 3000000, 2);
	assert_string_equal(a.etag, b.etag);
	assert_string_not_equal(a.etag, c.etag);
	assert_string_not_equal(a.etag, d.etag);
	clip_free(&a);
	clip_free(&b);
	clip_free(&c);
	clip_free(&d);
}

static void a_clip_outlives_its_segments(void **state)
{
	const struct part parts[] = {{&streams.h264, 0, MEDIA_FRAMES, GAP_START, true}};
	char path[PATH_BYTES];

	(void)state;
	archive_of_parts(parts, 1);
	struct clip clip = clip_of_range(RUN_US, INT64_MAX - 1000000, 1);
	assert_int_equal(unlinkat(clip_folder, "recording_20270115_100000.mp4", 0), 0);
	write_clip(&clip, path);
	assert_shows(path, &streams.h264, 0, MEDIA_FRAMES);
	clip_free(&clip);
}

static struct buffer bytes_of(int64_t from_us, int64_t to_us, unsigned speed)
{
	struct clip clip = clip_of_range(from_us, to_us, speed);
	struct buffer bytes = {0};

	assert_true(buffer_reserve(&bytes, (size_t)virtual_file_size(clip.file)));
	bytes.length = (size_t)virtual_file_size(clip.file);
	for (size_t at = 0; at < bytes.length;) {
		ssize_t got = virtual_file_read(clip.file, at, bytes.data + at, bytes.length - at);
		assert_true(got > 0);
		at += (size_t)got;
	}
	buffer_append(&bytes, clip.etag, sizeof(clip.etag));
	buffer_append(&bytes, clip.spans.data, clip.spans.length);
	clip_free(&clip);
	return bytes;
}

static void assert_same_clips(const struct buffer whole[MEDIA_FRAMES])
{
	for (size_t i = 0; i < MEDIA_FRAMES; i++) {
		struct buffer bytes = bytes_of(media_wall_us(i), media_wall_us(MEDIA_FRAMES), i % 3 ? 1 : 4);
		assert_int_equal(bytes.length, whole[i].length);
		assert_memory_equal(bytes.data, whole[i].data, bytes.length);
		buffer_free(&bytes);
	}
}

/*
 * Each record of the two indexes in turn gets a wrong bit, and clips from every frame on are compared. The last record
 * of an open segment is skipped: there, a torn record is not damage.
 */
static void damage_to_any_record_of_an_index_changes_no_clip(void **state)
{
	size_t one = next_key(10), two = next_key(20);
	const struct part parts[] = {
		{&streams.h264, 0, one, GAP_START, true},
		{&streams.h264, one, two - one, GAP_NONE, true},
		{&streams.h264, two, MEDIA_FRAMES - two, GAP_NONE, false},
	};
	const char *const files[] = {"recording_20270115_100000.idx", "recording_20270115_100002.idx"};
	struct buffer whole[MEDIA_FRAMES];

	(void)state;
	archive_of_parts(parts, 3);
	for (size_t i = 0; i < MEDIA_FRAMES; i++)
		whole[i] = bytes_of(media_wall_us(i), media_wall_us(MEDIA_FRAMES), i % 3 ? 1 : 4);
	for (size_t n = 0; n < 2; n++) {
		char path[PATH_BYTES];
		struct buffer index = file_read(path_of(files[n], path));
		size_t end = index.length - n * INDEX_RECORD_BYTES;
		for (size_t at = 5; at < end; at += INDEX_RECORD_BYTES) {
			index.data[at] ^= 0x40;
			file_write(path, index.data, index.length);
			index.data[at] ^= 0x40;
			assert_same_clips(whole);
		}
		file_write(path, index.data, index.length);
		buffer_free(&index);
	}
	for (size_t i = 0; i < MEDIA_FRAMES; i++)
		buffer_free(&whole[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clip_over_three_segments_is_frame_exact),
		cmocka_unit_test(a_whole_range_lasts_exactly_what_was_asked_for),
		cmocka_unit_test(a_clip_of_footage_that_begins_late_or_ends_early_is_shorter),
		cmocka_unit_test(the_last_picture_lasts_through_a_gap),
		cmocka_unit_test(time_that_was_recorded_twice_is_played_twice),
		cmocka_unit_test(a_timelapse_plays_the_key_frames_faster),
		cmocka_unit_test(the_entity_tag_depends_on_the_content),
		cmocka_unit_test(a_clip_outlives_its_segments),
		cmocka_unit_test(damage_to_any_record_of_an_index_changes_no_clip),
	};

	return cmocka_run_group_tests(tests, clip_folder_make, drop_streams);
}
