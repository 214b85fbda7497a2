/* test_device_claims.c - whose a camera is that no .ini names, according to the recorders' rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorderd/capture/other_cameras.h"
#include "recorderd/ring/ring_writer.h"
#include "shared/base/clock.h"

static char own_name[48], other_name[48];
static struct ring_writer *own, *other;
static const char *rings[2];

static struct ring_writer *make_ring(const char *name)
{
	struct ring_request request = {
		.name = name, .data_bytes = 1 << 20, .index_entries = 64, .keep_us = US_PER_S, .exact = true};
	uint64_t bytes, adopted;
	struct reason why;

	return ring_writer_open(&request, &bytes, &adopted, &why);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(own_name, sizeof(own_name), "/recorder.claims-own-%d", (int)getpid());
	snprintf(other_name, sizeof(other_name), "/recorder.claims-other-%d", (int)getpid());
	own = make_ring(own_name);
	other = make_ring(other_name);
	rings[0] = other_name;
	return own && other ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ring_writer_close(own);
	ring_writer_close(other);
	return 0;
}

static struct recorder_state state_with(const char *device, const char *bus, enum camera_state camera_state)
{
	struct recorder_state state = {
		.source = SOURCE_CAMERA, .camera_state = camera_state, .heartbeat_mono_us = mono_now().us};

	snprintf(state.device, sizeof(state.device), "%s", device);
	snprintf(state.bus, sizeof(state.bus), "%s", bus);
	snprintf(state.model, sizeof(state.model), "Webcam");
	return state;
}

static void publish_state(struct ring_writer *ring, struct recorder_state state)
{
	ring_writer_set_state(ring, &state);
}

static bool is_claimed(const char *path, const char *bus)
{
	struct device device = {.model = "Webcam"};

	snprintf(device.path, sizeof(device.path), "%s", path);
	snprintf(device.bus, sizeof(device.bus), "%s", bus);
	return device_claimed_by_other(&device, rings, own_name);
}

static void a_camera_that_returns_with_another_number_belongs_to_its_recorder(void **state)
{
	(void)state;
	publish_state(other, state_with("/dev/video2", "usb-1", CAMERA_WAITING));
	assert_true(is_claimed("/dev/video4", "usb-1"));
	assert_false(is_claimed("/dev/video2", "usb-2"));
}

static void another_model_on_the_same_bus_is_free(void **state)
{
	struct recorder_state was = state_with("/dev/video2", "usb-1", CAMERA_WAITING);

	(void)state;
	snprintf(was.model, sizeof(was.model), "Microscope");
	publish_state(other, was);
	assert_false(is_claimed("/dev/video2", "usb-1"));
}

static void a_camera_that_we_had_last_is_ours_whatever_others_claim(void **state)
{
	(void)state;
	publish_state(other, state_with("/dev/video2", "usb-1", CAMERA_WAITING));
	publish_state(own, state_with("/dev/video2", "usb-1", CAMERA_WAITING));
	assert_false(is_claimed("/dev/video2", "usb-1"));
}

static void while_one_node_of_a_camera_streams_the_others_are_free(void **state)
{
	(void)state;
	publish_state(other, state_with("/dev/video2", "usb-1", CAMERA_STREAMING));
	assert_false(is_claimed("/dev/video4", "usb-1"));
	assert_true(is_claimed("/dev/video2", "usb-1"));
}

static void a_recorder_that_is_stopped_or_killed_keeps_its_camera(void **state)
{
	struct recorder_state was = state_with("/dev/video2", "usb-1", CAMERA_STREAMING);

	(void)state;
	was.heartbeat_mono_us -= 60 * US_PER_S;
	publish_state(other, was);
	assert_true(is_claimed("/dev/video4", "usb-1"));
}

static void fallbacks_and_test_pictures_are_not_claimed(void **state)
{
	struct recorder_state was = state_with("/dev/video2", "usb-1", CAMERA_WAITING);

	(void)state;
	snprintf(was.configured, sizeof(was.configured), "/dev/video9");
	publish_state(other, was);
	assert_false(is_claimed("/dev/video2", "usb-1"));
	was.configured[0] = '\0';
	was.source = SOURCE_TEST;
	publish_state(other, was);
	assert_false(is_claimed("/dev/video2", "usb-1"));
}

static void without_a_ring_there_is_no_claim(void **state)
{
	(void)state;
	assert_false(is_claimed("/dev/video2", "usb-1")); /* nothing has been published yet */
	rings[0] = "/recorder.claims-nobody";
	assert_false(is_claimed("/dev/video2", "usb-1"));
	assert_false(device_claimed_by_other(&(struct device){.path = "/dev/video2"}, NULL, own_name));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_camera_that_returns_with_another_number_belongs_to_its_recorder),
		CASE(another_model_on_the_same_bus_is_free),
		CASE(a_camera_that_we_had_last_is_ours_whatever_others_claim),
		CASE(while_one_node_of_a_camera_streams_the_others_are_free),
		CASE(a_recorder_that_is_stopped_or_killed_keeps_its_camera),
		CASE(fallbacks_and_test_pictures_are_not_claimed),
		CASE(without_a_ring_there_is_no_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
