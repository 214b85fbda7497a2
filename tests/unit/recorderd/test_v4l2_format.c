/* test_v4l2_format.c - which pixel format is negotiated with a camera, and which cameras have none that is usable. */
#include "shared/base/log.h"
#include "tests/unit/support/open_cases.h"

static void jpegs_are_preferred_unless_a_raw_format_is_configured(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	assert_string_equal(info_of(&config).format, "MJPG");
	config.camera.format = FORMAT_YUYV;
	fake_nodes[0].buffer_bytes = 640 * 480 * 2;
	assert_string_equal(info_of(&config).format, "YUYV");
	config.camera.format = FORMAT_MJPEG;
	fake_nodes[0].fourccs[1] = 0;
	assert_string_equal(info_of(&config).format, "YUYV");
}

static void the_size_that_the_driver_returns_is_used(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].answers_width = 624;
	assert_int_equal(info_of(&config).width, 624);
}

static void every_format_can_be_configured(void **state)
{
	static const struct {
		enum config_format wanted;
		uint32_t fourcc;
		const char *name;
	} formats[] = {
		{FORMAT_UYVY, V4L2_PIX_FMT_UYVY, "UYVY"},   {FORMAT_NV12, V4L2_PIX_FMT_NV12, "NV12"},
		{FORMAT_YU12, V4L2_PIX_FMT_YUV420, "YU12"}, {FORMAT_RGB24, V4L2_PIX_FMT_RGB24, "RGB3"},
		{FORMAT_BGR24, V4L2_PIX_FMT_BGR24, "BGR3"}, {FORMAT_GREY, V4L2_PIX_FMT_GREY, "GREY"},
		{FORMAT_YVYU, V4L2_PIX_FMT_YVYU, "YVYU"},   {FORMAT_VYUY, V4L2_PIX_FMT_VYUY, "VYUY"},
		{FORMAT_NV21, V4L2_PIX_FMT_NV21, "NV21"},   {FORMAT_YV12, V4L2_PIX_FMT_YVU420, "YV12"},
		{FORMAT_Y16, V4L2_PIX_FMT_Y16, "Y16"},      {FORMAT_MJPEG, V4L2_PIX_FMT_MJPEG, "MJPG"},
		{FORMAT_YUYV, V4L2_PIX_FMT_YUYV, "YUYV"},
	};
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].buffer_bytes = 640 * 480 * 3;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		config.camera.format = formats[i].wanted;
		fake_nodes[0].fourccs[2] = formats[i].fourcc;
		assert_string_equal(info_of(&config).format, formats[i].name);
	}
	config.camera.format = FORMAT_NV12; /* not offered: another raw format is used */
	fake_nodes[0].fourccs[2] = V4L2_PIX_FMT_GREY;
	assert_string_equal(info_of(&config).format, "YUYV");
}

static void a_camera_without_a_usable_format_is_refused_with_a_list_of_its_formats(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].fourccs[0] = V4L2_PIX_FMT_H264;
	fake_nodes[0].fourccs[1] = V4L2_PIX_FMT_Z16;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "offers no format that can be recorded: H264, Z16"));
}

static void a_camera_of_encoded_video_alone_is_refused_with_what_it_must_offer(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	fake_nodes[0].fourccs[0] = V4L2_PIX_FMT_H264;
	fake_nodes[0].fourccs[1] = V4L2_PIX_FMT_HEVC;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
	assert_non_null(strstr(why.text, "offers only encoded video (H264, HEVC)"));
	assert_non_null(strstr(why.text, "MJPEG or an uncompressed format is needed"));
}

static void pictures_in_two_fields_are_woven_by_the_driver_or_refused(void **state)
{
	static const uint32_t separate[] = {V4L2_FIELD_ALTERNATE, V4L2_FIELD_SEQ_TB, V4L2_FIELD_SEQ_BT};
	struct config config = request(640, 480, 30);

	(void)state;
	for (size_t i = 0; i < sizeof(separate) / sizeof(separate[0]); i++) {
		fake_nodes[0].field = separate[i];
		fake_nodes[0].weaves = true;
		assert_int_equal(info_of(&config).height, 480);
		assert_int_equal(fake_nodes[0].pix.field, V4L2_FIELD_INTERLACED);
		fake_nodes[0].weaves = false;
		assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
		assert_non_null(strstr(why.text, "two fields of an interlaced picture"));
	}
	fake_nodes[0].field = V4L2_FIELD_INTERLACED;
	assert_int_equal(info_of(&config).height, 480);
}

static void a_bytesperline_smaller_than_a_line_is_refused(void **state)
{
	struct config config = request(640, 480, 30);

	(void)state;
	config.camera.format = FORMAT_YUYV;
	fake_nodes[0].bytesperline = 640;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(jpegs_are_preferred_unless_a_raw_format_is_configured),
		CASE(the_size_that_the_driver_returns_is_used),
		CASE(every_format_can_be_configured),
		CASE(a_camera_without_a_usable_format_is_refused_with_a_list_of_its_formats),
		CASE(a_camera_of_encoded_video_alone_is_refused_with_what_it_must_offer),
		CASE(pictures_in_two_fields_are_woven_by_the_driver_or_refused),
		CASE(a_bytesperline_smaller_than_a_line_is_refused),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
