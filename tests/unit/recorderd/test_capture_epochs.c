/* test_capture_epochs.c - frames on their way into the ring: their two times, and when a new epoch begins. */
#include "tests/unit/support/capture_rig.h"
#include "tests/unit/support/in_range.h"

static void frames_have_both_times_and_the_first_gap_is_recorder_down(void **state)
{
	struct ring_frame frame;

	(void)state;
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig.opened_fps, 30);
	frame = capture_rig_send_frame(64);
	assert_int_equal(frame.meta.epoch, 42);
	assert_int_equal(frame.meta.gap_cause, GAP_RECORDER_DOWN);
	assert_int_equal(frame.meta.mono_us, fake.next_frame.captured.us);
	assert_int_in_range(frame.meta.wall_us - frame.meta.mono_us - clock_offset_us() + CLOCK_TOLERANCE_US, 0,
			    2 * CLOCK_TOLERANCE_US);
	assert_int_equal(frame.meta.width, 64);
	assert_int_equal(capture_rig_send_frame(64).meta.epoch, 42);
	assert_int_equal(capture_rig.frames_reported, 2);
	capture_get_state(capture_rig.capture, &capture_rig.state);
	assert_int_equal(capture_rig.state.frames, 2);
	assert_string_equal(capture_rig.state.device, "/dev/video0");
	assert_string_equal(capture_rig.state.configured, "");
}

static void frames_captured_while_recording_is_off_are_marked(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	assert_int_equal(capture_rig_send_frame(64).meta.flags, 0);
	capture_set_flags(capture_rig.capture, RING_FRAME_RECORDING_OFF);
	assert_int_equal(capture_rig_send_frame(64).meta.flags, RING_FRAME_RECORDING_OFF);
	assert_int_equal(capture_rig_send_frame(64).meta.epoch, 42);
	capture_set_flags(capture_rig.capture, 0);
	assert_int_equal(capture_rig_send_frame(64).meta.flags, 0);
}

static void another_picture_size_begins_an_epoch(void **state)
{
	struct ring_frame frame;

	(void)state;
	capture_rig_start_streaming();
	frame = capture_rig_send_frame(96);
	assert_int_equal(frame.meta.epoch, 43);
	assert_int_equal(frame.meta.gap_cause, GAP_FORMAT);
	assert_int_equal(capture_rig_send_frame(96).meta.epoch, 43);
	fake_camera_signal(SOURCE_RESIZED);
	capture_rig_wait(camera_was_closed);
	capture_rig_wait(camera_is_opened);
	frame = capture_rig_send_frame(64);
	assert_int_equal(frame.meta.epoch, 44);
	assert_int_equal(frame.meta.gap_cause, GAP_FORMAT);
}

static void step_clock_and_check(int64_t by_us)
{
	struct ring_frame before = capture_rig_send_frame(64), after;

	fake_clock.wall_ahead_us += by_us;
	after = capture_rig_send_frame(64);
	assert_int_equal(after.meta.epoch, before.meta.epoch + 1);
	assert_int_equal(after.meta.gap_cause, GAP_CLOCK);
	assert_int_in_range(after.meta.wall_us - after.meta.mono_us - clock_offset_us() + CLOCK_TOLERANCE_US, 0,
			    2 * CLOCK_TOLERANCE_US);
	assert_int_equal(capture_rig_send_frame(64).meta.epoch, after.meta.epoch);
	assert_int_equal(fake.opens, 1);
}

static void setting_the_clock_in_either_direction_begins_an_epoch(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	step_clock_and_check(3600 * US_PER_S);
	step_clock_and_check(-7200 * US_PER_S);
	step_clock_and_check(50 * US_PER_MS);
	step_clock_and_check(-US_PER_S);
}

/* The monotonic clock stands still while the machine is suspended; the others do not. */
static void suspend(int64_t us)
{
	fake_clock.wall_ahead_us += us;
	fake_clock.suspended_us += us;
}

static void a_suspended_machine_is_a_gap_of_its_own(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	suspend(3600 * US_PER_S);
	struct ring_frame frame = capture_rig_send_frame(64);
	assert_int_equal(frame.meta.epoch, 43);
	assert_int_equal(frame.meta.gap_cause, GAP_SUSPENDED);
	assert_int_in_range(frame.meta.wall_us - frame.meta.mono_us - clock_offset_us() + CLOCK_TOLERANCE_US, 0,
			    2 * CLOCK_TOLERANCE_US);

	/* If the clock was set as well, that is what people have to know. */
	suspend(3600 * US_PER_S);
	fake_clock.wall_ahead_us -= 7200 * US_PER_S;
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_CLOCK);
	fake_clock.wall_ahead_us += 7200 * US_PER_S;
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_CLOCK);
}

static void a_camera_that_is_lost_in_suspend_was_suspended_and_not_unplugged(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	suspend(3600 * US_PER_S);
	fake_camera_signal(SOURCE_GONE);
	capture_rig_wait(camera_was_closed);
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_SUSPENDED);

	/* A camera that is away for longer than the machine was suspended has been unplugged. */
	fake.camera_is_there = false;
	fake_camera_signal(SOURCE_GONE);
	capture_rig_wait(camera_is_waiting);
	suspend(10 * US_PER_S);
	fake_clock.mono_ahead_us += 60 * US_PER_S;
	fake_clock.wall_ahead_us += 60 * US_PER_S;
	fake.camera_is_there = true;
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_UNPLUGGED);
}

static void slewing_the_clock_begins_no_epoch(void **state)
{
	int64_t offset_us;
	struct ring_frame frame;

	(void)state;
	capture_rig_start_streaming();
	frame = capture_rig_send_frame(64);
	offset_us = frame.meta.wall_us - frame.meta.mono_us;
	for (int i = 0; i < 10; i++) {
		fake_clock.wall_ahead_us +=
			100; /* 1 ms in total: as much as two readings can differ on a busy machine */
		frame = capture_rig_send_frame(64);
		assert_int_equal(frame.meta.epoch, 42);
		assert_int_equal(frame.meta.wall_us - frame.meta.mono_us, offset_us);
	}
}

static bool camera_is_off(void)
{
	return capture_rig.state.camera_state == CAMERA_OFF;
}

static void a_camera_that_is_off_from_the_start_is_not_opened_until_its_hours_begin(void **state)
{
	(void)state;
	capture_rig.off_cause = GAP_SCHEDULE;
	capture_rig_start();
	capture_rig_wait(camera_is_off);
	assert_int_equal(capture_rig.state.camera_off_cause, GAP_SCHEDULE);
	assert_int_equal(atomic_load(&fake.opens), 0);
	capture_set_off(capture_rig.capture, GAP_CAMERA_OFF); /* for another reason now */
	capture_rig_wait(camera_is_off);
	assert_int_equal(capture_rig.state.camera_off_cause, GAP_CAMERA_OFF);
	capture_set_off(capture_rig.capture, GAP_SCHEDULE);
	capture_set_off(capture_rig.capture, GAP_NONE);
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_SCHEDULE);
	assert_int_equal(atomic_load(&fake.opens), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_camera_that_is_off_from_the_start_is_not_opened_until_its_hours_begin),
		CASE(frames_have_both_times_and_the_first_gap_is_recorder_down),
		CASE(frames_captured_while_recording_is_off_are_marked),
		CASE(another_picture_size_begins_an_epoch),
		CASE(setting_the_clock_in_either_direction_begins_an_epoch),
		CASE(a_suspended_machine_is_a_gap_of_its_own),
		CASE(a_camera_that_is_lost_in_suspend_was_suspended_and_not_unplugged),
		CASE(slewing_the_clock_begins_no_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
