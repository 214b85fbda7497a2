/* test_recording_off.c - recording is switched off and on: the frames in between are skipped, and no others. */
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

static void nothing_is_recorded_while_recording_is_off(void **state)
{
	(void)state;
	rig.config.record.enabled = false;
	rig_plan(RIG_WALL_US, 25, US_PER_S, 1);
	record_all();
	assert_int_equal(rig.found, 0);
	assert_int_equal(rig.segment_count, 0);
}

static void record_a_second(int64_t from_us)
{
	rig_plan(from_us, 25, US_PER_S, 1);
	rig_wait(rig_all_put);
}

static void assert_second_segment_has_cause_off(void)
{
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_OFF);
	assert_int_equal(rig.segments[1].last_wall_us, rig.segments[0].end_wall_us);
}

static void an_encoder_that_lags_skips_the_frames_of_two_switches(void **state)
{
	(void)state;
	rig_start();
	for (int64_t second = 0; second < 3; second++) {
		rig_plan(RIG_WALL_US + 2 * second * US_PER_S, 25, US_PER_S, 1);
		while (rig.given < rig.to_give)
			rig_put(rig.wall_us[rig.given++]);
		encoder_set_recording(rig.encoder, false, GAP_OFF);
		rig_put_while_off(RIG_WALL_US + (2 * second + 1) * US_PER_S);
		encoder_set_recording(rig.encoder, true, GAP_OFF);
	}
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 3);
	assert_int_equal(rig.segments[1].gap_cause, GAP_OFF);
	assert_int_equal(rig.segments[2].gap_cause, GAP_OFF);
}

/* The encoder is still busy with the first second when recording is on again. */
static void frames_that_come_while_recording_is_off_are_not_recorded(void **state)
{
	(void)state;
	rig_start();
	record_a_second(RIG_WALL_US);
	encoder_set_recording(rig.encoder, false, GAP_OFF);
	rig_put_while_off(RIG_WALL_US + US_PER_S);
	encoder_set_recording(rig.encoder, true, GAP_OFF);
	record_a_second(RIG_WALL_US + 2 * US_PER_S);
	assert_second_segment_has_cause_off();
}

static bool is_off_and_done(struct rig *of)
{
	struct encoder_status status;

	encoder_status(of->encoder, &status);
	return status.off && !status.running && storage_frames(of->storage) == 25;
}

static void recording_resumes_after_the_camera_was_unplugged_while_it_was_off(void **state)
{
	(void)state;
	rig_start();
	record_a_second(RIG_WALL_US);
	encoder_set_recording(rig.encoder, false, GAP_OFF);
	rig_wait(is_off_and_done);
	rig_put_while_off(RIG_WALL_US + US_PER_S);
	encoder_end_run(rig.encoder);
	rig.epoch++;
	rig.gap_cause = GAP_UNPLUGGED;
	rig_put_while_off(RIG_WALL_US + 3 * US_PER_S);
	encoder_set_recording(rig.encoder, true, GAP_OFF);
	record_a_second(RIG_WALL_US + 4 * US_PER_S);
	assert_second_segment_has_cause_off();
}

static void recording_that_starts_off_begins_when_it_is_switched_on(void **state)
{
	(void)state;
	rig.config.record.enabled = false;
	rig_start();
	rig_put_while_off(RIG_WALL_US);
	encoder_set_recording(rig.encoder, true, GAP_OFF);
	record_a_second(RIG_WALL_US + US_PER_S);
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 1);
}

static void stopping_records_nothing_from_while_recording_was_off(void **state)
{
	(void)state;
	rig_start();
	record_a_second(RIG_WALL_US);
	encoder_set_recording(rig.encoder, false, GAP_OFF);
	rig_put_while_off(RIG_WALL_US + US_PER_S);
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

static void what_the_schedule_left_out_has_its_cause(void **state)
{
	(void)state;
	rig_start();
	record_a_second(RIG_WALL_US);
	encoder_set_recording(rig.encoder, false, GAP_SCHEDULE);
	rig.flags = RING_FRAME_SCHEDULE;
	rig_put_while_off(RIG_WALL_US + 2 * US_PER_S);
	encoder_set_recording(rig.encoder, true, GAP_OFF);
	record_a_second(RIG_WALL_US + 4 * US_PER_S);
	rig_stop();
	rig_read_folder();
	assert_exact();
	assert_int_equal(rig.segment_count, 2);
	assert_int_equal(rig.segments[1].gap_cause, GAP_SCHEDULE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_recorded_while_recording_is_off),
		CASE(an_encoder_that_lags_skips_the_frames_of_two_switches),
		CASE(frames_that_come_while_recording_is_off_are_not_recorded),
		CASE(recording_resumes_after_the_camera_was_unplugged_while_it_was_off),
		CASE(recording_that_starts_off_begins_when_it_is_switched_on),
		CASE(stopping_records_nothing_from_while_recording_was_off),
		CASE(what_the_schedule_left_out_has_its_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
