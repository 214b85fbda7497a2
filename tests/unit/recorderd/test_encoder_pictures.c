/* test_encoder_pictures.c - frames that are whole JPEGs and no pictures for FFmpeg, wherever they stand: each costs
 * itself alone, is counted, and moves no key frame. */
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

/* A JPEG by its markers, with a quantisation table of no known precision. */
static void put_undecodable(int64_t wall_us)
{
	static uint8_t jpeg[1 << 16];
	size_t length = camera_jpeg_make(rig.width, rig.height, jpeg, sizeof(jpeg));
	uint8_t *table = memmem(jpeg, length, "\xff\xdb", 2);

	assert_non_null(table);
	table[4] = 0xff;
	rig_put_bytes(wall_us, jpeg, length);
}

/* Puts the frames that are planned, up to that one. */
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

static bool all_came_of_it(struct rig *of)
{
	return storage_frames(of->storage) + status_now()->lost == of->given;
}

/* The pictures are recorded, each at its own microsecond and with a key frame on the first one of each second. */
static void stop_and_look(void)
{
	size_t good = 0;

	rig_stop();
	rig_look();
	for (size_t i = 0; i < rig.given; i++)
		if (!bad[i])
			rig.wall_us[good++] = rig.wall_us[i];
	rig.given = rig.to_give = good;
	assert_all_recorded();
	assert_key_frames();
}

static void assert_pictures_recorded(void)
{
	assert_int_equal(status_now()->lost, bad_count);
	stop_and_look();
}

static void record_all(void)
{
	put_until(rig.to_give);
	rig_start();
	encoder_end_run(rig.encoder);
	rig_wait(all_came_of_it);
	assert_pictures_recorded();
}

static void first_frames(size_t count)
{
	rig_plan(RIG_WALL_US, 25, US_PER_S, 4);
	spoil(0, count);
	record_all();
	assert_int_equal(rig.segment_count, 1);
	assert_durations();
	assert_int_equal(status.restarts, 0);
}

static void one_first_frame_that_is_no_picture_moves_no_key_frame(void **state)
{
	(void)state;
	first_frames(1);
}

static void a_second_of_them_moves_none_either(void **state)
{
	(void)state;
	first_frames(30);
}

static void nor_do_those_at_the_beginning_of_each_second(void **state)
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

static void one_on_the_full_second_leaves_the_key_frame_to_the_next(void **state)
{
	(void)state;
	rig_plan(wall_second(RIG_WALL_US) * US_PER_S + 440000, 25, US_PER_S, 4);
	spoil(14, 1);
	assert_int_equal(rig.wall_us[14] % US_PER_S, 0);
	record_all();
	assert_true(rig.records[14].flags & INDEX_KEY);
	assert_int_equal(rig.records[14].wall_us % US_PER_S, 40000);
}

/* A segment begins behind each second without a picture. */
static size_t segments_due(void)
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

/* By chance, but the same each time: so many of 256 frames. */
static void frames_by_chance(uint32_t seed, uint32_t share)
{
	size_t due;

	rig_plan(RIG_WALL_US + seed, 30000, 1001 * US_PER_S, 12);
	for (size_t i = 0; i < rig.to_give; i++) {
		seed = seed * 1664525u + 1013904223u;
		if (seed >> 24 < share)
			spoil(i, 1);
	}
	due = segments_due();
	record_all();
	assert_int_equal(rig.segment_count, due);
}

static void some_among_many_cost_themselves_alone(void **state)
{
	(void)state;
	frames_by_chance(1, 10);
}

static void many_among_many_do_so_too(void **state)
{
	(void)state;
	frames_by_chance(2, 128);
}

static void many_among_few_do_so_too(void **state)
{
	(void)state;
	frames_by_chance(5, 248);
	assert_true(rig.segment_count > 1);
}

static void a_second_without_a_picture_is_a_gap_with_that_cause(void **state)
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

static void last_frames_that_are_no_pictures_are_counted_and_not_tried_again(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(45, 30);
	record_all();
	assert_int_equal(status.restarts, 0);
	assert_int_equal(rig.records[44].duration_us, 40000);
}

/* One that opens with a picture size of its own, say. */
static void a_run_of_nothing_else_holds_up_the_next_one_for_a_few_tries(void **state)
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

static void a_recorder_that_is_stopped_records_what_is_a_picture(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(0, 2);
	spoil(30, 1);
	spoil(70, 5);
	put_until(rig.to_give);
	rig_start();
	stop_and_look();
	assert_int_equal(rig.segment_count, 1);
}

static bool some_are_on_disk(struct rig *of)
{
	return storage_frames(of->storage) >= 30;
}

/* It takes the ring over: what was not recorded begins with frames that are none. */
static void the_next_recorder_does_not_claim_that_none_is_missing(void **state)
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
	stop_and_look();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_ENCODER);
}

/* Nobody decodes them then: /footage leaves them out when it does. */
static void as_mjpeg_they_are_kept_like_the_others(void **state)
{
	(void)state;
	rig.config.record.codec = CODEC_MJPEG;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 3);
	spoil(0, 3);
	spoil(20, 30);
	put_until(rig.to_give);
	rig_start();
	encoder_end_run(rig.encoder);
	rig_wait(all_came_of_it);
	assert_int_equal(status.lost, 0);
	rig_stop();
	rig_look();
	assert_all_recorded();
	assert_int_equal(rig.segment_count, 1);
}

static bool says_so(struct rig *of)
{
	(void)of;
	return status_now()->undecodable;
}

static void a_camera_of_nothing_else_is_said_and_comes_back(void **state)
{
	(void)state;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 60);
	spoil(20, 1000);
	rig_start();
	put_until(1020);
	rig_wait(says_so);
	assert_true(status.failing);
	assert_false(status.running);
	assert_true(strlen(status.last_error) > 0);
	assert_int_equal(status.restarts, 0);
	put_until(rig.to_give);
	encoder_end_run(rig.encoder);
	rig_wait(all_came_of_it);
	assert_false(status.undecodable);
	assert_pictures_recorded();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_ENCODER);
	assert_int_equal(rig.records[19].duration_us, 40000);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, forget, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_first_frame_that_is_no_picture_moves_no_key_frame),
		CASE(a_second_of_them_moves_none_either),
		CASE(nor_do_those_at_the_beginning_of_each_second),
		CASE(one_on_the_full_second_leaves_the_key_frame_to_the_next),
		CASE(some_among_many_cost_themselves_alone),
		CASE(many_among_many_do_so_too),
		CASE(many_among_few_do_so_too),
		CASE(a_second_without_a_picture_is_a_gap_with_that_cause),
		CASE(last_frames_that_are_no_pictures_are_counted_and_not_tried_again),
		CASE(a_run_of_nothing_else_holds_up_the_next_one_for_a_few_tries),
		CASE(a_recorder_that_is_stopped_records_what_is_a_picture),
		CASE(the_next_recorder_does_not_claim_that_none_is_missing),
		CASE(as_mjpeg_they_are_kept_like_the_others),
		CASE(a_camera_of_nothing_else_is_said_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
