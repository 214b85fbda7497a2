/* test_encoder.c - records frames of a ring with the real FFmpeg: each of them once, with its exact time. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/recording_rig.h"

static void record_all(void)
{
	rig_start();
	rig_wait(rig_all_put);
	rig_stop();
	rig_read_folder();
}

static void assert_exact(void)
{
	assert_all_recorded();
	assert_key_frames();
	assert_durations();
}

static void at_25_fps_every_frame_has_its_microsecond_and_every_second_its_key_frame(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 12); /* 437 ms is no multiple of 40 ms: no frame is on a full second */
	record_all();
	assert_exact();
}

static void at_25_fps_a_frame_on_the_full_second_is_the_key_frame(void **state)
{
	(void)state;
	rig_plan(wall_second(RIG_WALL_US) * US_PER_S + 440000, 25, US_PER_S, 12);
	record_all();
	assert_exact();
	assert_int_equal(rig.wall_us[14] % US_PER_S, 0);
	assert_true(rig.records[14].flags & INDEX_KEY);
}

static void at_29_97_fps_every_frame_has_its_microsecond(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 30000, 1001 * US_PER_S, 12);
	record_all();
	assert_exact();
}

static void at_30_fps_every_frame_has_its_microsecond(void **state)
{
	(void)state;
	rig_plan(wall_second(RIG_WALL_US) * US_PER_S, 30, US_PER_S, 12);
	record_all();
	assert_exact();
}

static void at_60_fps_every_frame_has_its_microsecond(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US + 1, 60, US_PER_S, 8);
	rig.config.camera.fps = 60;
	record_all();
	assert_exact();
}

static void jittered_frames_with_a_pause_of_3_s_stay_one_run(void **state)
{
	uint32_t seed = 7;
	int64_t at_us = RIG_WALL_US;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		rig.wall_us[rig.to_give++] = at_us;
		seed = seed * 1664525u + 1013904223u;
		at_us += i == 150 ? 3 * US_PER_S : 20000 + (int64_t)(seed >> 8) % 27000;
	}
	record_all();
	assert_exact();
	assert_int_equal(rig.segment_count, 1);
}

static void mjpeg_is_kept_as_the_camera_sent_it(void **state)
{
	(void)state;
	rig.config.record.codec = CODEC_MJPEG;
	rig_plan(RIG_WALL_US, 30, US_PER_S, 4);
	record_all();
	assert_all_recorded();
	assert_durations();
	for (size_t i = 0; i < rig.found; i++)
		assert_true(rig.records[i].flags & INDEX_KEY);
	assert_int_equal(rig_probe(0), rig.given);
}

static void segments_end_at_full_seconds_and_no_frame_is_lost(void **state)
{
	(void)state;
	rig.config.record.segment_seconds = 2;
	rig_plan(RIG_WALL_US, 30000, 1001 * US_PER_S, 9);
	record_all();
	assert_exact();
	assert_int_equal(rig.segment_count, 5); /* 1.563 s, then 2 s each */
	for (size_t i = 1; i < rig.found; i++) {
		if (rig.segment_of[i] == rig.segment_of[i - 1])
			continue;
		const struct catalogue_entry *entry = &rig.segments[rig.segment_of[i]];

		assert_true(rig.records[i].flags & INDEX_KEY);
		assert_int_equal(wall_second(rig.wall_us[i]) - wall_second(entry[-1].start_wall_us), 2);
		assert_int_equal(entry->gap_cause, GAP_NONE);
		assert_int_equal(entry->run_no, entry[-1].run_no);
		assert_int_equal(entry->segment_no, entry[-1].segment_no + 1);
		assert_int_equal(entry->start_wall_us, entry[-1].end_wall_us);
		assert_int_equal(entry->last_wall_us, entry[-1].end_wall_us);
	}
}

static void finished_segments_are_plain_mp4_with_every_frame(void **state)
{
	struct segment_layout layout;
	int folder;

	(void)state;
	rig.config.record.segment_seconds = 2;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 5);
	record_all();
	folder = rig_folder();
	for (size_t i = 0; i < rig.segment_count; i++) {
		int fd = openat(folder, rig.segments[i].file, O_RDONLY | O_CLOEXEC);

		assert_int_equal(segment_read_layout(fd, &layout), SEGMENT_OK);
		assert_int_equal(layout.form, SEGMENT_COMPLETE);
		assert_int_equal(rig.segments[i].state, CATALOGUE_COMPLETE);
		assert_int_equal(rig_probe(i), rig.segments[i].frames);
		segment_layout_free(&layout);
		close(fd);
	}
	close(folder);
}

static void the_first_segment_ever_has_the_cause_start(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	record_all();
	assert_int_equal(rig.segments[0].gap_cause, GAP_START);
	assert_int_equal(rig.segments[0].last_wall_us, 0);
	assert_int_equal(rig.segments[0].segment_no, 1);
}

static void a_single_frame_lasts_for_the_camera_s_interval(void **state)
{
	(void)state;
	rig.wall_us[rig.to_give++] = RIG_WALL_US;
	record_all();
	assert_all_recorded();
	assert_int_equal(rig.records[0].duration_us, US_PER_S / 30);
}

/* Records two epochs of one second each, with change() between them. */
static void record_two_epochs(void (*change)(void), int64_t pause_us)
{
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	rig_start();
	rig_wait(rig_all_put);
	change();
	rig.epoch++;
	if (rig.gap_cause == GAP_CLOCK)
		rig.mono_offset_us += pause_us;
	rig_plan(RIG_WALL_US + US_PER_S + pause_us, 25, US_PER_S, 1);
	rig_wait(rig_all_put);
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 2);
	assert_true(rig.segments[1].run_no > rig.segments[0].run_no);
	assert_int_equal(rig.segments[1].gap_cause, rig.gap_cause);
	assert_int_equal(rig.segments[1].last_wall_us, rig.segments[0].end_wall_us);
}

static void resize(void)
{
	rig.gap_cause = GAP_FORMAT;
	rig.width = 96;
	rig.height = 64;
}

static void another_picture_size_begins_a_segment(void **state)
{
	(void)state;
	record_two_epochs(resize, 0);
	assert_int_equal(rig.segments[0].width, 64);
	assert_int_equal(rig.segments[1].width, 96);
	assert_int_equal(rig.segments[1].height, 64);
}

static void an_odd_size_is_recorded_without_its_last_line_or_column(void **state)
{
	static const struct {
		uint16_t width, height, recorded_width, recorded_height;
	} cases[] = {{65, 49, 64, 48}, {65, 48, 64, 48}, {64, 49, 64, 48}, {3, 3, 2, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig.width = cases[i].width;
		rig.height = cases[i].height;
		rig.epoch = (uint32_t)i + 1;
		for (size_t end = rig.to_give; rig.to_give < end + 25; rig.to_give++)
			rig.wall_us[rig.to_give] = RIG_WALL_US + (int64_t)rig.to_give * 40000;
		for (; rig.given < rig.to_give; rig.given++)
			rig_put(rig.wall_us[rig.given]);
	}
	record_all();
	assert_exact();
	assert_int_equal(rig.segment_count, 4);
	for (size_t i = 0; i < rig.segment_count; i++) {
		assert_int_equal(rig.segments[i].width, cases[i].recorded_width);
		assert_int_equal(rig.segments[i].height, cases[i].recorded_height);
	}
}

static void step_clock(void)
{
	rig.gap_cause = GAP_CLOCK;
}

static void a_clock_step_forward_begins_a_segment(void **state)
{
	(void)state;
	record_two_epochs(step_clock, 3600 * US_PER_S);
}

static void after_a_clock_step_backwards_both_runs_are_kept(void **state)
{
	(void)state;
	record_two_epochs(step_clock, -1 * US_PER_S);
	assert_string_not_equal(rig.segments[0].file, rig.segments[1].file);
	assert_non_null(strstr(rig.segments[1].file, "_2.mp4"));
}

static void unplug(void)
{
	rig.gap_cause = GAP_UNPLUGGED;
	encoder_end_run(rig.encoder);
}

static void a_run_that_was_ended_is_on_disk_before_the_next_one_begins(void **state)
{
	(void)state;
	record_two_epochs(unplug, 4 * US_PER_S);
}

static bool all_are_on_disk(struct rig *of)
{
	return storage_frames(of->storage) == of->given;
}

/* Two epochs are in the ring before the encoder starts, and no frame follows: both are recorded. */
static void the_end_of_a_run_is_kept_for_an_encoder_that_is_still_in_the_run_before(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 2);
	for (; rig.given < 25; rig.given++)
		rig_put(rig.wall_us[rig.given]);
	rig.epoch++;
	for (; rig.given < rig.to_give; rig.given++)
		rig_put(rig.wall_us[rig.given]);
	rig_start();
	encoder_end_run(rig.encoder);
	rig_wait(all_are_on_disk);
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 2);
}

/* Several epochs are in the ring when the recorder is told to stop. */
static void stopping_records_everything_in_the_ring(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	for (; rig.given < 10; rig.given++)
		rig_put(rig.wall_us[rig.given]);
	step_clock();
	rig.epoch++;
	for (; rig.given < 20; rig.given++)
		rig_put(rig.wall_us[rig.given]);
	resize();
	rig.epoch++;
	for (; rig.given < rig.to_give; rig.given++)
		rig_put(rig.wall_us[rig.given]);
	record_all();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(at_25_fps_every_frame_has_its_microsecond_and_every_second_its_key_frame),
		CASE(at_25_fps_a_frame_on_the_full_second_is_the_key_frame),
		CASE(at_29_97_fps_every_frame_has_its_microsecond),
		CASE(at_30_fps_every_frame_has_its_microsecond),
		CASE(at_60_fps_every_frame_has_its_microsecond),
		CASE(jittered_frames_with_a_pause_of_3_s_stay_one_run),
		CASE(mjpeg_is_kept_as_the_camera_sent_it),
		CASE(segments_end_at_full_seconds_and_no_frame_is_lost),
		CASE(finished_segments_are_plain_mp4_with_every_frame),
		CASE(the_first_segment_ever_has_the_cause_start),
		CASE(a_single_frame_lasts_for_the_camera_s_interval),
		CASE(another_picture_size_begins_a_segment),
		CASE(an_odd_size_is_recorded_without_its_last_line_or_column),
		CASE(a_clock_step_forward_begins_a_segment),
		CASE(after_a_clock_step_backwards_both_runs_are_kept),
		CASE(a_run_that_was_ended_is_on_disk_before_the_next_one_begins),
		CASE(the_end_of_a_run_is_kept_for_an_encoder_that_is_still_in_the_run_before),
		CASE(stopping_records_everything_in_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
