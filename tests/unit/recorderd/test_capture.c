/* test_capture.c - a camera that is unplugged, falls silent, never delivers a frame, or comes back. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/capture_rig.h"
#include "tests/unit/support/in_range.h"

static void without_a_camera_it_waits_and_says_which_is_missing(void **state)
{
	(void)state;
	fake.camera_is_there = false;
	capture_rig_start();
	capture_rig_wait(camera_is_waiting);
	assert_non_null(strstr(capture_rig.state.last_error, "there is no camera at /dev/video0"));
	fake.camera_is_there = true;
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_RECORDER_DOWN);
}

static void an_unplugged_camera_is_a_gap_of_that_cause_and_is_opened_when_it_is_back(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	fake.camera_is_there = false;
	fake_camera_signal(SOURCE_GONE);
	capture_rig_wait(camera_was_closed);
	capture_rig_wait(camera_is_waiting);
	assert_int_equal(capture_rig.epochs_ended, 1);
	assert_non_null(strstr(capture_rig.state.last_error, "camera"));
	fake.camera_is_there = true;
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_UNPLUGGED);
	assert_int_equal(capture_rig_send_frame(64).meta.epoch, 43);
	fake_camera_signal(SOURCE_GONE); /* and plugged in again at once */
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_UNPLUGGED);
}

static bool camera_is_off(void)
{
	return capture_rig.state.camera_state == CAMERA_OFF;
}

static bool camera_is_off_and_closed(void)
{
	return camera_is_off() && camera_was_closed();
}

static void a_camera_that_is_switched_off_is_closed_and_the_gap_has_that_cause(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	unsigned opens = atomic_load(&fake.opens);
	capture_set_off(capture_rig.capture, GAP_CAMERA_OFF);
	capture_rig_wait(camera_is_off_and_closed);
	assert_int_equal(capture_rig.epochs_ended, 1);
	capture_set_off(capture_rig.capture, GAP_CAMERA_OFF);
	assert_int_equal(atomic_load(&fake.opens), opens);
	capture_set_off(capture_rig.capture, GAP_NONE);
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_CAMERA_OFF);
	assert_int_equal(capture_rig_send_frame(64).meta.epoch, 43);
}

/* While it waits for a camera, and while the device worker is opening one. */
static void it_can_be_switched_off_in_every_phase(void **state)
{
	(void)state;
	fake.camera_is_there = false;
	capture_rig_start();
	capture_rig_wait(camera_is_waiting);
	capture_set_off(capture_rig.capture, GAP_CAMERA_OFF);
	capture_rig_wait(camera_is_off);
	fake.camera_is_there = true;
	capture_set_off(capture_rig.capture, GAP_NONE);
	capture_set_off(capture_rig.capture, GAP_CAMERA_OFF);
	capture_rig_wait(camera_is_off_and_closed);
	capture_set_off(capture_rig.capture, GAP_NONE);
	capture_set_off(capture_rig.capture, GAP_CAMERA_OFF);
	capture_set_off(capture_rig.capture, GAP_NONE);
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_CAMERA_OFF);
}

static unsigned opens_seen;
static enum camera_state expected_state;

static bool was_opened_again(void)
{
	return atomic_load(&fake.opens) > opens_seen && capture_rig.state.camera_state == expected_state;
}

/* Loses the camera before its first frame. Returns how long it takes until it is opened again. */
static int64_t lose_before_a_frame(enum source_outcome outcome)
{
	mono_t lost_at = mono_now();

	opens_seen = atomic_load(&fake.opens);
	fake_camera_signal(outcome);
	capture_rig_wait(was_opened_again);
	return mono_now().us - lost_at.us;
}

static void a_camera_that_never_delivers_a_frame_is_opened_less_and_less_often(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	expected_state = CAMERA_OPENING;
	assert_true(lose_before_a_frame(SOURCE_GONE) >= US_PER_S / 5); /* it had only just started */
	expected_state = CAMERA_WAITING;
	assert_true(lose_before_a_frame(SOURCE_GONE) >= 2 * US_PER_S / 5);
	assert_true(lose_before_a_frame(SOURCE_RESIZED) >= 4 * US_PER_S / 5);
	assert_true(lose_before_a_frame(SOURCE_GONE) >= 8 * US_PER_S / 5);
	assert_int_equal(capture_rig.epochs_ended, 1);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_UNPLUGGED);
	capture_get_state(capture_rig.capture, &capture_rig.state);
	assert_int_equal(capture_rig.state.camera_state, CAMERA_STREAMING);
	fake_clock.mono_ahead_us += 3 * US_PER_S / 2;
	fake_clock.wall_ahead_us += 3 * US_PER_S / 2;
	capture_rig_send_frame(64);
	expected_state = CAMERA_OPENING;
	lose_before_a_frame(SOURCE_GONE); /* it had been streaming for a while: opened again at once */
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_UNPLUGGED);
}

static void an_error_is_a_stall_and_opening_again_cures_it(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	fake_camera_signal(SOURCE_FAILED);
	capture_rig_wait(camera_was_closed);
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_STALLED);
}

static bool goes_silent(void)
{
	fake_clock.mono_ahead_us += US_PER_S / 4;
	fake_clock.wall_ahead_us += US_PER_S / 4;
	return camera_is_stalled();
}

static void a_silent_camera_is_opened_again_and_the_gap_is_stalled(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	capture_rig_wait(goes_silent);
	assert_non_null(strstr(capture_rig.state.last_error, "no frame for"));
	assert_int_equal(capture_rig.epochs_ended, 1);
	capture_rig_wait(camera_is_opened);
	assert_int_equal(fake.closes, 1);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_STALLED);
}

static void a_camera_that_falls_silent_and_is_then_gone_was_unplugged(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	fake.camera_is_there = false;
	capture_rig_wait(goes_silent);
	capture_rig_wait(camera_is_waiting);
	fake.camera_is_there = true;
	capture_rig_wait(camera_is_opened);
	assert_int_equal(capture_rig_send_frame(64).meta.gap_cause, GAP_UNPLUGGED);
}

static void a_slow_camera_within_its_limit_is_left_alone(void **state)
{
	(void)state;
	capture_rig_start_streaming();
	for (int i = 0; i < 20; i++) {
		fake_clock.mono_ahead_us += 3 * US_PER_S / 2;
		fake_clock.wall_ahead_us += 3 * US_PER_S / 2;
		assert_int_equal(capture_rig_send_frame(64).meta.epoch, 42);
	}
	assert_int_equal(fake.opens, 1);
}

static void pass_time(void)
{
	fake_clock.mono_ahead_us += US_PER_S / 4;
	fake_clock.wall_ahead_us += US_PER_S / 4;
}

static struct slow_camera {
	int64_t first_us, interval_us; /* after it was opened, and after the frame before */
	uint64_t frames_wanted;
	unsigned opens;
	mono_t last;
} slow;

/* Passes time, sends a frame when one is due, and tells when there were enough. */
static bool slow_camera_has_sent_enough(void)
{
	static uint8_t bytes[100] = "picture";
	bool opened_again = atomic_load(&fake.opens) != slow.opens;

	pass_time();
	if (opened_again)
		slow.last = (mono_t){mono_now().us - slow.interval_us + slow.first_us};
	slow.opens = atomic_load(&fake.opens);
	if (mono_now().us - slow.last.us >= slow.interval_us) {
		slow.last = mono_now();
		fake.next_frame = (struct source_frame){.parts = {{bytes, sizeof(bytes)}},
							.count = 1,
							.captured = slow.last,
							.width = 64,
							.height = 48};
		fake_camera_signal(SOURCE_OK);
	}
	return capture_rig.state.frames >= slow.frames_wanted;
}

/* It is opened at most so many times until it is left alone, and there is one note about it. */
static void assert_left_alone(int64_t first_us, int64_t interval_us, unsigned max_opens)
{
	char note[STATE_CAMERA_NOTE_SIZE];

	slow = (struct slow_camera){.first_us = first_us, .interval_us = interval_us, .frames_wanted = 8};
	capture_rig_start();
	capture_rig_wait(slow_camera_has_sent_enough);
	unsigned opens = fake.opens;
	assert_int_in_range(opens, 1, max_opens);
	snprintf(note, sizeof(note), "%s", capture_rig.state.camera_notes[CAMERA_NOTE_SLOW]);
	assert_non_null(strstr(note, "frames per second were negotiated"));
	slow.frames_wanted += 20;
	capture_rig_wait(slow_camera_has_sent_enough);
	assert_int_equal(fake.opens, opens);
	assert_string_equal(capture_rig.state.camera_notes[CAMERA_NOTE_SLOW], note);
}

static void a_camera_with_a_frame_every_4_s_is_left_alone(void **state)
{
	(void)state;
	assert_left_alone(4 * US_PER_S, 4 * US_PER_S, 1);
}

static void a_camera_whose_frames_take_longer_than_the_first_wait_is_left_alone_in_the_end(void **state)
{
	(void)state;
	assert_left_alone(11 * US_PER_S / 2, 11 * US_PER_S / 2, 2);
}

static void a_camera_with_a_first_frame_at_once_and_then_one_every_4_s_is_left_alone_in_the_end(void **state)
{
	(void)state;
	assert_left_alone(0, 4 * US_PER_S, 3);
}

static void a_camera_with_a_frame_a_minute_is_left_alone_in_the_end(void **state)
{
	(void)state;
	assert_left_alone(50 * US_PER_S, 60 * US_PER_S, 6);
}

static int64_t opened_at_us[10];

static bool was_opened_8_times(void)
{
	unsigned opens = atomic_load(&fake.opens);

	pass_time();
	if (opens <= 8 && !opened_at_us[opens])
		opened_at_us[opens] = mono_now().us;
	return opens >= 8;
}

static void a_camera_without_frames_is_opened_less_and_less_often_down_to_once_a_minute(void **state)
{
	(void)state;
	capture_rig_start();
	capture_rig_wait(was_opened_8_times);
	assert_true(opened_at_us[2] - opened_at_us[1] < 10 * US_PER_S);
	assert_int_in_range(opened_at_us[8] - opened_at_us[7], 60 * US_PER_S, 66 * US_PER_S);
}

static bool finds_preferred(void)
{
	fake_clock.mono_ahead_us += US_PER_S / 4;
	fake_clock.wall_ahead_us += US_PER_S / 4;
	fake_camera_signal(SOURCE_OK); /* the fallback goes on streaming */
	return strcmp(capture_rig.state.device, "/dev/video0") == 0;
}

static bool knows_devices(void)
{
	return capture_rig.state.camera_ids[0] == 7;
}

static void a_fallback_is_used_until_the_configured_camera_is_back(void **state)
{
	struct ring_frame frame;

	(void)state;
	fake.camera_is_there = false;
	fake.fallback_is_there = true;
	capture_rig_start_streaming();
	assert_string_equal(capture_rig.state.device, "/dev/video7");
	assert_string_equal(capture_rig.state.configured, "/dev/video0");
	capture_rig_wait(knows_devices);
	fake.camera_is_there = true;
	capture_rig_wait(finds_preferred);
	assert_string_equal(capture_rig.state.configured, "");
	frame = capture_rig_send_frame(64);
	assert_int_equal(frame.meta.gap_cause, GAP_FORMAT);
	assert_true(frame.meta.epoch > 42);
}

static char *bandwidth_note(void)
{
	return capture_rig.state.camera_notes[CAMERA_NOTE_BANDWIDTH];
}

static bool is_in_a_lower_mode(void)
{
	fake_clock.mono_ahead_us += US_PER_S / 4;
	fake_clock.wall_ahead_us += US_PER_S / 4;
	return bandwidth_note()[0] != '\0';
}

static bool is_in_the_requested_mode(void)
{
	return bandwidth_note()[0] == '\0';
}

static void a_camera_that_gives_nothing_beside_another_on_its_bus_is_opened_in_a_lower_mode(void **state)
{
	(void)state;
	fake.other_on_bus = true;
	capture_rig_start();
	capture_rig_wait(camera_is_opened);
	capture_rig_wait(is_in_a_lower_mode);
	assert_true(fake.opens >= 3); /* the requested mode was tried more than once */
	assert_non_null(strstr(bandwidth_note(), "usb-0000:00:14.0 cannot carry 64x48 at 30 fps"));
	assert_non_null(strstr(bandwidth_note(), "Webcam (/dev/video5)"));
	capture_rig_send_frame(64);
	fake.other_on_bus = false;
	fake_camera_signal(SOURCE_FAILED); /* the devices are listed when it is opened again */
	capture_rig_wait(is_in_the_requested_mode);
}

static bool tears_until_the_mode_is_lower(void)
{
	fake_camera_signal(SOURCE_OK);
	return bandwidth_note()[0] != '\0';
}

static void torn_frames_beside_another_camera_on_the_bus_lower_the_mode(void **state)
{
	(void)state;
	fake.other_on_bus = true;
	capture_rig_start_streaming();
	fake.torn = true;
	capture_rig_wait(tears_until_the_mode_is_lower);
	assert_non_null(strstr(bandwidth_note(), "beside Webcam (/dev/video5)"));
}

static void destroying_capture_while_it_opens_closes_the_camera(void **state)
{
	(void)state;
	capture_rig_start();
	assert_true(capture_destroy(capture_rig.capture, CLOSE_LIMIT_US)); /* the worker is opening it */
	capture_rig.capture = NULL;
	assert_int_equal(fake.opens, fake.closes);
	capture_rig_start_streaming();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_a_camera_it_waits_and_says_which_is_missing),
		CASE(an_unplugged_camera_is_a_gap_of_that_cause_and_is_opened_when_it_is_back),
		CASE(a_camera_that_is_switched_off_is_closed_and_the_gap_has_that_cause),
		CASE(it_can_be_switched_off_in_every_phase),
		CASE(a_camera_that_never_delivers_a_frame_is_opened_less_and_less_often),
		CASE(an_error_is_a_stall_and_opening_again_cures_it),
		CASE(a_silent_camera_is_opened_again_and_the_gap_is_stalled),
		CASE(a_camera_that_falls_silent_and_is_then_gone_was_unplugged),
		CASE(a_slow_camera_within_its_limit_is_left_alone),
		CASE(a_camera_with_a_frame_every_4_s_is_left_alone),
		CASE(a_camera_whose_frames_take_longer_than_the_first_wait_is_left_alone_in_the_end),
		CASE(a_camera_with_a_first_frame_at_once_and_then_one_every_4_s_is_left_alone_in_the_end),
		CASE(a_camera_with_a_frame_a_minute_is_left_alone_in_the_end),
		CASE(a_camera_without_frames_is_opened_less_and_less_often_down_to_once_a_minute),
		CASE(a_fallback_is_used_until_the_configured_camera_is_back),
		CASE(a_camera_that_gives_nothing_beside_another_on_its_bus_is_opened_in_a_lower_mode),
		CASE(torn_frames_beside_another_camera_on_the_bus_lower_the_mode),
		CASE(destroying_capture_while_it_opens_closes_the_camera),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
