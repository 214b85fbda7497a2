/* test_capture_external.c - an external source is no V4L2 device: what the capture does not do with it. */
#include "tests/unit/support/capture_rig.h"

#include <stdio.h>
#include <string.h>

#define OPENS 6

static void start_external(void)
{
	fake.is_external = true;
	capture_rig_start();
}

static bool was_opened_often(void)
{
	fake_clock.mono_ahead_us += US_PER_S / 4;
	fake_clock.wall_ahead_us += US_PER_S / 4;
	return atomic_load(&fake.opens) >= OPENS;
}

static void one_that_sends_nothing_is_asked_again_every_ten_seconds(void **state)
{
	double silent_s;

	(void)state;
	start_external();
	capture_rig_wait(was_opened_often);
	capture_get_state(capture_rig.capture, &capture_rig.state);
	assert_int_equal(sscanf(capture_rig.state.last_error, "no frame for %lf s", &silent_s), 1);
	if (silent_s < 10 || silent_s > 15)
		fail_msg("%s", capture_rig.state.last_error);
}

static void it_is_no_fallback_whatever_it_is_called(void **state)
{
	(void)state;
	snprintf(capture_rig.config.camera.device, sizeof(capture_rig.config.camera.device), "command:x -y");
	start_external();
	capture_rig_wait(camera_is_opened);
	capture_rig_send_frame(64);
	capture_get_state(capture_rig.capture, &capture_rig.state);
	assert_int_equal(capture_rig.state.camera_state, CAMERA_STREAMING);
	assert_string_equal(capture_rig.state.configured, "");
	assert_int_equal(capture_rig.state.is_external, 1);
}

static void it_has_no_controls(void **state)
{
	struct reason why;

	(void)state;
	start_external();
	capture_rig_wait(camera_is_opened);
	assert_false(capture_set_control(capture_rig.capture, 1, "brightness", "1", &why));
	assert_non_null(strstr(why.text, "is an external source and has no controls"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_that_sends_nothing_is_asked_again_every_ten_seconds),
		CASE(it_is_no_fallback_whatever_it_is_called),
		CASE(it_has_no_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
