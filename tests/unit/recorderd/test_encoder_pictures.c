/* test_encoder_pictures.c - of JPEGs that FFmpeg cannot decode, only they are lost, and key frames do not move. */
#include <string.h>

#include "tests/unit/support/camera_jpegs.h"
#include "tests/unit/support/recording_rig.h"

static struct encoder_status status;
static bool bad[RIG_FRAMES];
static size_t bad_count;

static int forget(void **state)
{
	memset(bad, 0, sizeof(bad));
	bad_count = 0;
	return rig_set_up(state);
}

static void spoil(size_t from, size_t count)
{
	for (size_t i = from; i < from + count; i++) {
		bad_count += !bad[i];
		bad[i] = true;
	}
}

/* Its markers are valid, but a quantisation table has an undefined precision. */
static void put_undecodable(int64_t wall_us)
{
	static uint8_t jpeg[1 << 16];
	size_t length = camera_jpeg_make(rig.width, rig.height, jpeg, sizeof(jpeg));
	uint8_t *table = memmem(jpeg, length, "\xff\xdb", 2);

	assert_non_null(table);
	table[4] = 0xff;
	rig_put_bytes(wall_us, jpeg, length);
}

/* Puts the planned frames before `end`. */
static void put_until(size_t end)
{
	for (; rig.given < end; rig.given++)
		if (bad[rig.given])
			put_undecodable(rig.wall_us[rig.given]);
		else
			rig_put(rig.wall_us[rig.given]);
	if (rig.encoder)
		encoder_pump(rig.encoder);
}

static const struct encoder_status *status_now(void)
{
	encoder_status(rig.encoder, &status);
	return &status;
}

static bool all_accounted_for(struct rig *of)
{
	return storage_frames(of->storage) + status_now()->lost == of->given;
}

/*
 * Checks that all decodable frames are recorded with their exact times, with a key frame at the start of each second.
 */
static void stop_and_read(void)
{
	size_t good = 0;

	rig_stop();
	rig_read_folder();
	for (size_t i = 0; i < rig.given; i++)
		if (!bad[i])
			rig.wall_us[good++] = rig.wall_us[i];
	rig.given = rig.to_give = good;
	assert_all_recorded();
	assert_key_frames();
}

static void assert_decodable_recorded(void)
{
	assert_int_equal(status_now()->lost, bad_count);
	stop_and_read();
}

static void record_all(void)
{
	put_until(rig.to_give);
	rig_start();
	encoder_end_run(rig.encoder);
	rig_wait(all_accounted_for);
	assert_decodable_recorded();
}

static void undecodable_first_frames(size_t count)
{
	rig_plan(RIG_WALL_US, 25, US_PER_S, 4);
	spoil(0, count);
	record_all();
	assert_int_equal(rig.segment_count, 1);
	assert_durations();
	assert_int_equal(status.restarts, 0);
}

static void an_undecodable_first_frame_does_not_move_the_key_frames(void **state)
{
	(void)state;
	undecodable_first_frames(1);
}

static void nor_does_a_whole_second_of_them(void **state)
{
	(void)state;
	undecodable_first_frames(30);
}

static void nor_do_undecodable_frames_at_the_beginning_of_each_second(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 6);
	for (size_t i = 1; i < rig.to_give; i++)
		if (wall_second(rig.wall_us[i]) != wall_second(rig.wall_us[i - 1]))
			spoil(i, (size_t)(wall_second(rig.wall_us[i]) - wall_second(RIG_WALL_US)));
	record_all();
	assert_int_equal(rig.segment_count, 1);
	assert_durations();
}

static void after_an_undecodable_frame_on_the_full_second_the_next_one_is_the_key_frame(void **state)
{
	(void)state;
	rig_plan(wall_second(RIG_WALL_US) * US_PER_S + 440000, 25, US_PER_S, 4);
	spoil(14, 1);
	assert_int_equal(rig.wall_us[14] % US_PER_S, 0);
	record_all();
	assert_true(rig.records[14].flags & INDEX_KEY);
	assert_int_equal(rig.records[14].wall_us % US_PER_S, 40000);
}

/* Another segment begins after each second without a decodable frame. */
static size_t expected_segments(void)
{
	size_t due = 1, last_good = SIZE_MAX;

	for (size_t i = 0; i < rig.to_give; i++) {
		if (bad[i])
			continue;
		due += last_good != SIZE_MAX && rig.wall_us[i] - rig.wall_us[last_good + 1] >= US_PER_S;
		last_good = i;
	}
	return due;
}

/* Pseudo-random: about `share` of 256 frames are undecodable. */
static void random_frames(uint32_t seed, uint32_t share)
{
	size_t due;

	rig_plan(RIG_WALL_US + seed, 30000, 1001 * US_PER_S, 12);
	for (size_t i = 0; i < rig.to_give; i++) {
		seed = seed * 1664525u + 1013904223u;
		if (seed >> 24 < share)
			spoil(i, 1);
	}
	due = expected_segments();
	record_all();
	assert_int_equal(rig.segment_count, due);
}

static void if_a_few_random_frames_are_undecodable_only_they_are_lost(void **state)
{
	(void)state;
	random_frames(1, 10);
}

static void if_half_of_the_frames_are_undecodable_only_they_are_lost(void **state)
{
	(void)state;
	random_frames(2, 128);
}

static void if_nearly_all_frames_are_undecodable_only_they_are_lost(void **state)
{
	(void)state;
	random_frames(5, 248);
	assert_true(rig.segment_count > 1);
}

static void a_second_of_undecodable_frames_is_a_gap_with_the_cause_encoder(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 6);
	spoil(40, 50);
	record_all();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_ENCODER);
	assert_int_equal(rig.segments[0].frames, 40);
	assert_int_equal(rig.records[39].duration_us, 40000);
	assert_int_equal(rig.segments[1].last_wall_us, rig.wall_us[39] + 40000);
	assert_int_equal(status.restarts, 0);
}

static void undecodable_last_frames_are_counted_and_not_tried_again(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(45, 30);
	record_all();
	assert_int_equal(status.restarts, 0);
	assert_int_equal(rig.records[44].duration_us, 40000);
}

/* For example, a camera that starts with frames of another size. */
static void a_run_of_only_undecodable_frames_delays_the_next_one_by_a_few_tries(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(0, 9);
	put_until(9);
	rig.epoch++;
	record_all();
	assert_in_range(status.restarts, 0, 3);
	assert_int_equal(rig.segment_count, 1);
}

static void a_recorder_that_is_stopped_records_all_decodable_frames(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(0, 2);
	spoil(30, 1);
	spoil(70, 5);
	put_until(rig.to_give);
	rig_start();
	stop_and_read();
	assert_int_equal(rig.segment_count, 1);
}

static bool some_are_on_disk(struct rig *of)
{
	return storage_frames(of->storage) >= 30;
}

/* It takes the ring over, in which the frames that are not recorded yet begin with undecodable ones. */
static void the_next_recorder_reports_a_gap_for_them(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(31, 5);
	rig.to_give = 31;
	rig_start();
	put_until(31);
	encoder_end_run(rig.encoder);
	rig_wait(some_are_on_disk);
	rig_stop();
	put_until(75);
	rig.adopted = ring_reader_head(rig.reader);
	rig_start();
	stop_and_read();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_ENCODER);
}

/* The recorder does not decode them; /footage skips them when it does. */
static void as_mjpeg_undecodable_frames_are_kept_like_the_others(void **state)
{
	(void)state;
	rig.config.record.codec = CODEC_MJPEG;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(0, 3);
	spoil(20, 30);
	put_until(rig.to_give);
	rig_start();
	encoder_end_run(rig.encoder);
	rig_wait(all_accounted_for);
	assert_int_equal(status.lost, 0);
	rig_stop();
	rig_read_folder();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 1);
}

static bool is_undecodable(struct rig *of)
{
	(void)of;
	return status_now()->undecodable;
}

static void a_camera_that_sends_only_undecodable_frames_is_reported_and_recovers(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 60);
	spoil(20, 1000);
	rig_start();
	put_until(1020);
	rig_wait(is_undecodable);
	assert_true(status.failing);
	assert_false(status.running);
	assert_true(strlen(status.last_error) > 0);
	assert_int_equal(status.restarts, 0);
	put_until(rig.to_give);
	encoder_end_run(rig.encoder);
	rig_wait(all_accounted_for);
	assert_false(status.undecodable);
	assert_decodable_recorded();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_ENCODER);
	assert_int_equal(rig.records[19].duration_us, 40000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, forget, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_undecodable_first_frame_does_not_move_the_key_frames),
		CASE(nor_does_a_whole_second_of_them),
		CASE(nor_do_undecodable_frames_at_the_beginning_of_each_second),
		CASE(after_an_undecodable_frame_on_the_full_second_the_next_one_is_the_key_frame),
		CASE(if_a_few_random_frames_are_undecodable_only_they_are_lost),
		CASE(if_half_of_the_frames_are_undecodable_only_they_are_lost),
		CASE(if_nearly_all_frames_are_undecodable_only_they_are_lost),
		CASE(a_second_of_undecodable_frames_is_a_gap_with_the_cause_encoder),
		CASE(undecodable_last_frames_are_counted_and_not_tried_again),
		CASE(a_run_of_only_undecodable_frames_delays_the_next_one_by_a_few_tries),
		CASE(a_recorder_that_is_stopped_records_all_decodable_frames),
		CASE(the_next_recorder_reports_a_gap_for_them),
		CASE(as_mjpeg_undecodable_frames_are_kept_like_the_others),
		CASE(a_camera_that_sends_only_undecodable_frames_is_reported_and_recovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
