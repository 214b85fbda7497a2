/* test_v4l2_open.c - what is negotiated with a camera when it is opened, and why opening fails. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "shared/base/log.h"
#include "tests/unit/support/open_cases.h"

static void format_rate_buffers_and_stream_are_set_in_this_order(void **state)
{
	struct config config = request(1280, 720, 60);

	(void)state;
	assert_int_equal(try_open(&config), SOURCE_OPENED);
	assert_string_equal(fake_nodes[0].calls, "FMT PARM REQBUFS STREAMON FREE ");
}

static void the_negotiated_mode_is_reported(void **state)
{
	struct config config = request(1280, 720, 60);
	struct source_info info = info_of(&config);

	(void)state;
	assert_int_equal(info.kind, SOURCE_CAMERA);
	assert_string_equal(info.device, "/dev/video0");
	assert_string_equal(info.model, "Fake camera");
	assert_string_equal(info.driver, "fake");
	assert_string_equal(info.bus, "usb-fake-1");
	assert_string_equal(info.format, "MJPG");
	assert_int_equal(info.width, 1280);
	assert_int_equal(info.height, 720);
	assert_int_equal(info.fps_milli, 60000);
	assert_int_equal(info.stall_timeout_us, 2 * US_PER_S);
}

static void the_nearest_size_and_rate_are_chosen(void **state)
{
	struct config large = request(1920, 1080, 50), small = request(320, 240, 1);
	struct source_info info = info_of(&large);

	(void)state;
	assert_int_equal(info.width, 1280);
	assert_int_equal(info.fps_milli, 60000);
	info = info_of(&small);
	assert_int_equal(info.height, 480);
	assert_int_equal(info.fps_milli, 15000);
}

static void a_slow_camera_is_stalled_after_five_frame_intervals(void **state)
{
	struct config config = request(640, 480, 1);

	(void)state;
	fake_nodes[0].sizes[0].fps[0] = 1;
	assert_int_equal(info_of(&config).stall_timeout_us, 5 * US_PER_S);
}

static void a_camera_that_another_program_reconfigures_meanwhile_is_busy(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].stolen_width = 1280;
	assert_int_equal(try_open(&config), SOURCE_BUSY);
	assert_non_null(strstr(why.text, "is in use"));
}

static void a_refused_rate_is_not_an_error(void **state)
{
	struct config config = request(640, 480, 25);

	(void)state;
	fake_nodes[0].parm_errno = EIO;
	assert_int_equal(info_of(&config).fps_milli, 25000);
}

static void two_buffers_are_enough_and_one_is_not(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].grants = 2;
	assert_int_equal(try_open(&config), SOURCE_OPENED);
	fake_nodes[0].grants = 1;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
}

static void ebusy_from_s_fmt_or_reqbufs_means_that_the_camera_is_in_use(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].format_errno = EBUSY;
	assert_int_equal(try_open(&config), SOURCE_BUSY);
	assert_non_null(strstr(why.text, "in use by"));
	fake_nodes[0].format_errno = 0;
	fake_nodes[0].buffers_errno = EBUSY;
	assert_int_equal(try_open(&config), SOURCE_BUSY);
}

static void without_memory_for_its_buffers_a_camera_needs_a_smaller_size(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].buffers_errno = ENOMEM;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "a smaller camera.width"));
}

#define LINK "/dev/video0 by a link" /* fake_video opens it as /dev/video0 */

static bool link_is_late;

char *realpath(const char *path, char *resolved)
{
	if (strcmp(path, LINK) == 0 && !link_is_late)
		return strcpy(resolved, "/dev/video0");
	link_is_late = false;
	errno = ENOENT;
	return NULL;
}

static void a_link_created_during_the_opening_is_resolved_to_its_node(void **state)
{
	struct config config = request(640, 480, 30);
	struct source *source;

	(void)state;
	link_is_late = true;
	assert_int_equal(source_v4l2_open(&config, LINK, 0, &source, &why), SOURCE_OPENED);
	assert_string_equal(source->info.device, "/dev/video0");
	source_close(source);
}

static void a_missing_node_or_one_that_is_no_camera_is_not_found(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].device_caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
	assert_int_equal(try_open(&config), SOURCE_NOT_FOUND);
	fake_nodes[0].open_errno = ENOENT;
	assert_int_equal(try_open(&config), SOURCE_NOT_FOUND);
	fake_nodes[0].open_errno = ENODEV;
	assert_int_equal(try_open(&config), SOURCE_NOT_FOUND);
	fake_nodes[0].open_errno = EACCES;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "no permission"));
}

static void controls_are_set_by_name_and_invalid_ones_do_not_stop_the_camera(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	config.control_count = 3;
	config.controls[0] = (struct config_control){"no_such_control", "1"};
	config.controls[1] = (struct config_control){"brightness_fake", "7"};
	config.controls[2] = (struct config_control){"brightness_fake", "11"};
	assert_int_equal(try_open(&config), SOURCE_OPENED);
	assert_int_equal(fake_nodes[0].brightness, 7);
	fake_nodes[0].control_refused = true;
	assert_int_equal(try_open(&config), SOURCE_OPENED);
}

static size_t descriptors(void)
{
	size_t count = 0;
	DIR *list = opendir("/proc/self/fd");

	while (readdir(list))
		count++;
	closedir(list);
	return count;
}

static void a_thousand_openings_leak_no_descriptor(void **state)
{
	struct config jpeg = request(640, 480, 30), raw = request(64, 32, 30);
	size_t before = descriptors();

	(void)state;
	raw.camera.format = FORMAT_YUYV;
	fake_nodes[0].sizes[2] = (struct fake_size){64, 32, {30}};
	for (int i = 0; i < 1000; i++) {
		fake_nodes[0].buffers_errno = i % 3 == 0 ? EBUSY : 0;
		fake_nodes[0].room = i % 5 == 0 ? 1 : 0;
		try_open(i % 10 == 9 ? &raw : &jpeg);
		fake_nodes[0].calls[0] = '\0';
	}
	assert_int_equal(descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(format_rate_buffers_and_stream_are_set_in_this_order),
		CASE(the_negotiated_mode_is_reported),
		CASE(the_nearest_size_and_rate_are_chosen),
		CASE(a_slow_camera_is_stalled_after_five_frame_intervals),
		CASE(a_camera_that_another_program_reconfigures_meanwhile_is_busy),
		CASE(a_refused_rate_is_not_an_error),
		CASE(two_buffers_are_enough_and_one_is_not),
		CASE(ebusy_from_s_fmt_or_reqbufs_means_that_the_camera_is_in_use),
		CASE(without_memory_for_its_buffers_a_camera_needs_a_smaller_size),
		CASE(a_link_created_during_the_opening_is_resolved_to_its_node),
		CASE(a_missing_node_or_one_that_is_no_camera_is_not_found),
		CASE(controls_are_set_by_name_and_invalid_ones_do_not_stop_the_camera),
		CASE(a_thousand_openings_leak_no_descriptor),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
