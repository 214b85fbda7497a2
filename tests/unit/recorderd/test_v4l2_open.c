/* test_v4l2_open.c - what is agreed with a camera when it is opened, and why it is not. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/source/source_v4l2.h"
#include "shared/base/log.h"
#include "tests/unit/fakes/fake_video.h"

static struct reason why;

static struct config wish(int width, int height, int fps)
{
	return (struct config){.camera = {.width = width, .height = height, .fps = fps}};
}

static enum source_open_outcome try_open(const struct config *config)
{
	struct source *source;
	enum source_open_outcome outcome;

	why.text[0] = '\0';
	outcome = source_v4l2_open(config, "/dev/video0", &source, &why);
	if (outcome != SOURCE_OPENED) {
		assert_null(source);
		assert_non_null(strstr(why.text, "/dev/video0"));
	}
	source_close(source);
	return outcome;
}

static struct source_info info_of(const struct config *config)
{
	struct source *source;
	struct source_info info;

	assert_int_equal(source_v4l2_open(config, "/dev/video0", &source, &why), SOURCE_OPENED);
	info = source->info;
	source_close(source);
	return info;
}

static int set_up(void **state)
{
	(void)state;
	fake_reset();
	fake_camera(0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(fake_nodes[0].opens, fake_nodes[0].closes);
	fake_reset();
	return 0;
}

static void size_then_rate_then_buffers_then_stream(void **state)
{
	struct config config = wish(1280, 720, 60);

	(void)state;
	assert_int_equal(try_open(&config), SOURCE_OPENED);
	assert_string_equal(fake_nodes[0].calls, "FMT PARM REQBUFS STREAMON FREE ");
}

static void what_was_agreed_is_told(void **state)
{
	struct config config = wish(1280, 720, 60);
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

static void the_nearest_size_and_rate_are_taken(void **state)
{
	struct config large = wish(1920, 1080, 50), small = wish(320, 240, 1);
	struct source_info info = info_of(&large);

	(void)state;
	assert_int_equal(info.width, 1280);
	assert_int_equal(info.fps_milli, 60000);
	info = info_of(&small);
	assert_int_equal(info.height, 480);
	assert_int_equal(info.fps_milli, 15000);
}

static void a_slow_camera_is_given_five_frames_of_patience(void **state)
{
	struct config config = wish(640, 480, 1);

	(void)state;
	fake_nodes[0].sizes[0].fps[0] = 1;
	assert_int_equal(info_of(&config).stall_timeout_us, 5 * US_PER_S);
}

static void jpegs_are_preferred_unless_raw_pictures_are_asked_for(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	assert_string_equal(info_of(&config).format, "MJPG");
	config.camera.format = FORMAT_YUYV;
	fake_nodes[0].buffer_bytes = 640 * 480 * 2;
	assert_string_equal(info_of(&config).format, "YUYV");
	config.camera.format = FORMAT_MJPEG;
	fake_nodes[0].fourccs[1] = 0;
	assert_string_equal(info_of(&config).format, "YUYV");
}

static void what_the_driver_made_of_the_size_counts(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].answers_width = 624;
	assert_int_equal(info_of(&config).width, 624);
}

static void a_camera_that_another_program_sets_up_in_between_is_in_use(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].stolen_width = 1280;
	assert_int_equal(try_open(&config), SOURCE_BUSY);
	assert_non_null(strstr(why.text, "is in use"));
}

static void each_format_can_be_asked_for(void **state)
{
	static const struct {
		enum config_format wanted;
		uint32_t fourcc;
		const char *name;
	} formats[] = {
		{FORMAT_UYVY, V4L2_PIX_FMT_UYVY, "UYVY"},   {FORMAT_NV12, V4L2_PIX_FMT_NV12, "NV12"},
		{FORMAT_YU12, V4L2_PIX_FMT_YUV420, "YU12"}, {FORMAT_RGB24, V4L2_PIX_FMT_RGB24, "RGB3"},
		{FORMAT_BGR24, V4L2_PIX_FMT_BGR24, "BGR3"}, {FORMAT_GREY, V4L2_PIX_FMT_GREY, "GREY"},
		{FORMAT_MJPEG, V4L2_PIX_FMT_MJPEG, "MJPG"}, {FORMAT_YUYV, V4L2_PIX_FMT_YUYV, "YUYV"},
	};
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].buffer_bytes = 640 * 480 * 3;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		config.camera.format = formats[i].wanted;
		fake_nodes[0].fourccs[2] = formats[i].fourcc;
		assert_string_equal(info_of(&config).format, formats[i].name);
	}
	config.camera.format = FORMAT_NV12; /* not offered: another raw one */
	fake_nodes[0].fourccs[2] = V4L2_PIX_FMT_GREY;
	assert_string_equal(info_of(&config).format, "YUYV");
}

static void a_camera_without_a_usable_format_is_refused_and_says_what_it_has(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].fourccs[0] = V4L2_PIX_FMT_H264;
	fake_nodes[0].fourccs[1] = V4L2_PIX_FMT_Z16;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "H264, Z16"));
}

static void a_line_that_is_too_short_for_its_picture_is_refused(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	config.camera.format = FORMAT_YUYV;
	fake_nodes[0].bytesperline = 640;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
}

static void a_refused_rate_is_no_error(void **state)
{
	struct config config = wish(640, 480, 25);

	(void)state;
	fake_nodes[0].parm_errno = EIO;
	assert_int_equal(info_of(&config).fps_milli, 25000);
}

static void two_buffers_are_enough_and_one_is_not(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].grants = 2;
	assert_int_equal(try_open(&config), SOURCE_OPENED);
	fake_nodes[0].grants = 1;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
}

static void a_camera_that_another_program_has_is_busy_at_its_format_or_at_its_buffers(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].format_errno = EBUSY;
	assert_int_equal(try_open(&config), SOURCE_BUSY);
	assert_non_null(strstr(why.text, "in use by"));
	fake_nodes[0].format_errno = 0;
	fake_nodes[0].buffers_errno = EBUSY;
	assert_int_equal(try_open(&config), SOURCE_BUSY);
}

static void a_bus_without_room_lowers_the_rate_first_and_then_the_size(void **state)
{
	struct config config = wish(1280, 720, 60);
	struct source_info info;

	(void)state;
	fake_nodes[0].room = UINT64_C(1280) * 720 * 20;
	info = info_of(&config);
	assert_int_equal(info.width, 1280);
	assert_int_equal(info.fps_milli, 10000);
	fake_nodes[0].room = UINT64_C(640) * 480 * 20;
	info = info_of(&config);
	assert_int_equal(info.width, 640);
	assert_int_equal(info.fps_milli, 15000);
	fake_nodes[0].room = 1;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "USB"));
}

#define LINK "/dev/video0 by a link" /* the driver of this test opens it as /dev/video0 */

static bool link_is_late;

char *realpath(const char *path, char *resolved)
{
	if (strcmp(path, LINK) == 0 && !link_is_late)
		return strcpy(resolved, "/dev/video0");
	link_is_late = false;
	errno = ENOENT;
	return NULL;
}

static void a_link_that_comes_while_it_is_opened_is_known_by_its_node(void **state)
{
	struct config config = wish(640, 480, 30);
	struct source *source;

	(void)state;
	link_is_late = true;
	assert_int_equal(source_v4l2_open(&config, LINK, &source, &why), SOURCE_OPENED);
	assert_string_equal(source->info.device, "/dev/video0");
	source_close(source);
}

static void what_is_missing_and_what_is_no_camera_is_none(void **state)
{
	struct config config = wish(640, 480, 30);

	(void)state;
	fake_nodes[0].device_caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
	assert_int_equal(try_open(&config), SOURCE_NOT_FOUND);
	fake_nodes[0].open_errno = ENOENT;
	assert_int_equal(try_open(&config), SOURCE_NOT_FOUND);
	fake_nodes[0].open_errno = ENODEV;
	assert_int_equal(try_open(&config), SOURCE_NOT_FOUND);
	fake_nodes[0].open_errno = EACCES;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "group video"));
}

static void controls_are_set_by_name_and_bad_ones_do_not_stop_the_camera(void **state)
{
	struct config config = wish(640, 480, 30);

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

static void a_thousand_openings_leave_nothing_behind(void **state)
{
	struct config jpeg = wish(640, 480, 30), raw = wish(64, 32, 30);
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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(size_then_rate_then_buffers_then_stream),
		CASE(what_was_agreed_is_told),
		CASE(the_nearest_size_and_rate_are_taken),
		CASE(a_slow_camera_is_given_five_frames_of_patience),
		CASE(jpegs_are_preferred_unless_raw_pictures_are_asked_for),
		CASE(what_the_driver_made_of_the_size_counts),
		CASE(a_camera_that_another_program_sets_up_in_between_is_in_use),
		CASE(each_format_can_be_asked_for),
		CASE(a_camera_without_a_usable_format_is_refused_and_says_what_it_has),
		CASE(a_line_that_is_too_short_for_its_picture_is_refused),
		CASE(a_refused_rate_is_no_error),
		CASE(two_buffers_are_enough_and_one_is_not),
		CASE(a_camera_that_another_program_has_is_busy_at_its_format_or_at_its_buffers),
		CASE(a_bus_without_room_lowers_the_rate_first_and_then_the_size),
		CASE(a_link_that_comes_while_it_is_opened_is_known_by_its_node),
		CASE(what_is_missing_and_what_is_no_camera_is_none),
		CASE(controls_are_set_by_name_and_bad_ones_do_not_stop_the_camera),
		CASE(a_thousand_openings_leave_nothing_behind),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
