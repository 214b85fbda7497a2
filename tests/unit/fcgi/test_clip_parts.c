/* test_clip_parts.c - clips of some seconds of a range: exactly their frames, one part after the other. */
#include <unistd.h>

#include "tests/unit/support/clip_cases.h"
#include "tests/unit/support/in_range.h"

#define US        INT64_C(1000000)
#define PARTS_MAX 64
#define LATE_US   1000 /* of a frame in a packed clip */

/* The frames of some seconds, and when each is shown. */
struct wanted {
	struct clip_part parts[PARTS_MAX];
	size_t part_count, count;
	size_t frames[MEDIA_FRAMES];
	int64_t times_us[MEDIA_FRAMES];
};

static size_t seconds_of_media(void)
{
	return (size_t)(media_wall_us(MEDIA_FRAMES - 1) / US - RUN_US / US) + 1;
}

/* Joins seconds that touch. Bit n of `seconds` is second n of the stream. */
static void add_parts(uint64_t seconds, struct wanted *wanted)
{
	for (size_t n = 0; n < seconds_of_media(); n++) {
		int64_t from_us = RUN_US + (int64_t)n * US;
		struct clip_part *last = wanted->part_count > 0 ? &wanted->parts[wanted->part_count - 1] : NULL;
		if (!(seconds >> n & 1))
			continue;
		if (last && last->to_us == from_us)
			last->to_us += US;
		else
			wanted->parts[wanted->part_count++] = (struct clip_part){from_us, from_us + US};
	}
}

static struct wanted wanted_of(uint64_t seconds)
{
	struct wanted wanted = {0};
	int64_t now_us = 0;

	add_parts(seconds, &wanted);
	for (size_t p = 0; p < wanted.part_count; p++) {
		const struct clip_part *part = &wanted.parts[p];
		int64_t end_us = 0;
		for (size_t i = 0; i < MEDIA_FRAMES; i++) {
			int64_t wall_us = media_wall_us(i);
			if (wall_us < part->from_us || wall_us >= part->to_us)
				continue;
			now_us += end_us > 0 ? wall_us - end_us : 0;
			end_us = wall_us;
			wanted.frames[wanted.count] = i;
			wanted.times_us[wanted.count++] = now_us;
		}
		if (end_us > 0) {
			size_t next = wanted.frames[wanted.count - 1] + 1;
			int64_t next_us = media_wall_us(next);
			now_us += (next_us < part->to_us ? next_us : part->to_us) - end_us;
		}
	}
	return wanted;
}

static struct clip clip_of_seconds(const struct wanted *wanted)
{
	struct clip_plan plan;
	struct clip clip;

	assert_int_equal(
		clip_plan_make_parts(clip_folder, RUN_US, RUN_US + 100 * US, wanted->parts, wanted->part_count, &plan),
		PLAN_OK);
	assert_true(plan.count > 0);
	assert_true(clip_build(&plan, 1, &clip));
	clip_plan_free(&plan);
	return clip;
}

static void assert_clip(const struct wanted *wanted, const struct decoded *all)
{
	static struct decoded got[MEDIA_FRAMES * 2];
	struct clip clip = clip_of_seconds(wanted);
	char path[PATH_BYTES];

	write_clip(&clip, path);
	assert_int_equal(clip.frames, wanted->count);
	assert_int_equal(decode(path, got), wanted->count);
	for (size_t i = 0; i < wanted->count; i++) {
		assert_string_equal(got[i].hash, all[wanted->frames[i]].hash);
		assert_int_in_range(got[i].time_us - wanted->times_us[i] + 24, 0, LATE_US + 48);
	}
	clip_free(&clip);
}

static void make_archive(void)
{
	size_t one = next_key(10), two = next_key(20);
	const struct part parts[] = {
		{&streams.h264, 0, one, GAP_START, true},
		{&streams.h264, one, two - one, GAP_NONE, true},
		{&streams.h264, two, MEDIA_FRAMES - two, GAP_NONE, false},
	};

	archive_of_parts(parts, 3);
}

/* Whichever seconds are asked for, across segments, one of which has no index. */
static void a_clip_of_any_seconds_has_exactly_their_frames(void **state)
{
	static struct decoded all[MEDIA_FRAMES * 2];
	uint32_t seed = 3;
	char path[PATH_BYTES];

	(void)state;
	file_write(path_of("all.mp4", path), streams.h264.data.data, streams.h264.data.length);
	assert_int_equal(decode(path, all), MEDIA_FRAMES);
	make_archive();
	for (int i = 0; i < 24; i++) {
		struct wanted wanted = wanted_of(i == 0 ? UINT64_MAX : next_random(&seed));
		if (wanted.count > 0)
			assert_clip(&wanted, all);
	}
}

/* A part without frames, and a plan without parts. */
static void parts_without_footage_give_no_slice(void **state)
{
	const struct clip_part before = {RUN_US - 50 * US, RUN_US - 40 * US};
	struct clip_plan plan;

	(void)state;
	make_archive();
	assert_int_equal(clip_plan_make_parts(clip_folder, RUN_US, RUN_US + 100 * US, NULL, 0, &plan), PLAN_OK);
	assert_int_equal(plan.count, 0);
	clip_plan_free(&plan);
	assert_int_equal(clip_plan_make_parts(clip_folder, RUN_US - 60 * US, RUN_US + 100 * US, &before, 1, &plan),
			 PLAN_OK);
	assert_int_equal(plan.count, 0);
	clip_plan_free(&plan);
}

/* Spans are those of the parts, and the entity tag tells them apart. */
static void the_spans_are_the_parts(void **state)
{
	struct wanted two = wanted_of(1 | 1 << 2), one = wanted_of(1), both = wanted_of(3);

	(void)state;
	make_archive();
	struct clip clip = clip_of_seconds(&two), first = clip_of_seconds(&one), joined = clip_of_seconds(&both);
	assert_int_equal(clip.span_count, 2);
	assert_int_equal(clip.start_us, MEDIA_WALL_US);
	assert_int_equal(clip.end_us, RUN_US + 3 * US);
	assert_int_equal(joined.span_count, 1);
	assert_string_not_equal(clip.etag, first.etag);
	assert_string_not_equal(clip.etag, joined.etag);
	clip_free(&clip);
	clip_free(&first);
	clip_free(&joined);
}

/* If the first frame of a part is no key frame, the clip begins at the key frame before, but has no frame twice. */
static void no_frame_is_in_a_clip_twice(void **state)
{
	const struct part whole = {&streams.h264, 0, MEDIA_FRAMES, GAP_START, true};
	size_t key = next_key(1), last = next_key(key + 1) - 1;
	struct wanted wanted = {.part_count = 2};

	(void)state;
	assert_true(last - key >= 3);
	archive_of_parts(&whole, 1);
	wanted.parts[0] = (struct clip_part){media_wall_us(key), media_wall_us(key + 1)};
	wanted.parts[1] = (struct clip_part){media_wall_us(last), media_wall_us(last + 1)};
	struct clip clip = clip_of_seconds(&wanted);
	assert_int_equal(clip.frames, last - key + 1);
	assert_int_equal(clip.span_count, 1);
	clip_free(&clip);
}

static void a_part_whose_segment_is_deleted_is_left_out(void **state)
{
	struct wanted wanted = wanted_of(UINT64_MAX);
	struct clip_plan plan;
	struct clip clip;

	(void)state;
	make_archive();
	assert_int_equal(
		clip_plan_make_parts(clip_folder, RUN_US, RUN_US + 100 * US, wanted.parts, wanted.part_count, &plan),
		PLAN_OK);
	size_t slices = plan.count;
	assert_int_equal(unlinkat(clip_folder, "recording_20270115_100001.mp4", 0), 0);
	assert_true(clip_build(&plan, 1, &clip));
	assert_true(plan.count < slices && plan.count > 0);
	assert_true(clip.frames < MEDIA_FRAMES);
	clip_plan_free(&plan);
	clip_free(&clip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clip_of_any_seconds_has_exactly_their_frames),
		cmocka_unit_test(parts_without_footage_give_no_slice),
		cmocka_unit_test(the_spans_are_the_parts),
		cmocka_unit_test(no_frame_is_in_a_clip_twice),
		cmocka_unit_test(a_part_whose_segment_is_deleted_is_left_out),
	};

	return cmocka_run_group_tests(tests, clip_folder_make, drop_streams);
}
