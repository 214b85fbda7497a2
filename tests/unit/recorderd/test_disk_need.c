/* test_disk_need.c - how much disk retention.hours needs: recorderd/disk_need.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/disk_need.h"

#define GB      UINT64_C(1000000000)
#define HOUR_US (INT64_C(3600) * 1000000)

static struct config usual(int width, int height, int fps)
{
	struct config config = {0};

	config.camera.width = width;
	config.camera.height = height;
	config.camera.fps = fps;
	config.record.quality = 23;
	config.retention.hours = 72;
	config.retention.min_free_gb = 2;
	return config;
}

static const struct archive_summary empty = {.disk_free_bytes = 100 * GB, .disk_total_bytes = 200 * GB};

static void the_estimate_is_near_what_was_measured(void **state)
{
	/* docs/operating.md */
	static const struct {
		int width, height, fps;
		enum config_codec codec;
		double gb;
	} measured[] = {
		{1280, 720, 30, CODEC_H264, 43},   {1280, 720, 60, CODEC_H264, 51},   {640, 480, 30, CODEC_H264, 19},
		{1920, 1080, 30, CODEC_H264, 107}, {1280, 720, 30, CODEC_MJPEG, 617},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++) {
		struct config config = usual(measured[i].width, measured[i].height, measured[i].fps);
		struct recorder_state published = {0};

		config.record.codec = measured[i].codec;
		disk_need_fill(&config, &empty, 1, &published);
		double gb = (double)published.disk_wanted_bytes / (double)GB;
		assert_true(gb > measured[i].gb * 0.8 && gb < measured[i].gb * 1.25);
		assert_int_equal(published.disk_measured, 0);
		assert_int_equal(published.disk_wanted_us, 72 * HOUR_US);
		assert_int_equal(published.disk_room_bytes, 98 * GB);
	}
}

static void what_the_camera_really_sends_counts(void **state)
{
	struct config config = usual(1280, 720, 60);
	struct recorder_state published = {.width = 320, .height = 180, .fps_milli = 10000};

	(void)state;
	disk_need_fill(&config, &empty, 1, &published);
	assert_true(published.disk_wanted_bytes < 2 * GB);
}

static void from_an_hour_of_recordings_on_they_count(void **state)
{
	struct config config = usual(1280, 720, 60);
	struct archive_summary some = empty;
	struct recorder_state published = {0};

	(void)state;
	some.bytes = GB / 2;
	some.recorded_us = HOUR_US - 1;
	disk_need_fill(&config, &some, 1, &published);
	assert_int_equal(published.disk_measured, 0);
	some.recorded_us = 2 * HOUR_US;
	disk_need_fill(&config, &some, 1, &published);
	assert_int_equal(published.disk_measured, 1);
	assert_int_equal(published.disk_wanted_bytes, 18 * GB);
	assert_int_equal(published.disk_room_bytes, 98 * GB + GB / 2);
}

static void limits_and_other_cameras_leave_less(void **state)
{
	struct config config = usual(1280, 720, 60);
	struct recorder_state published = {0};

	(void)state;
	disk_need_fill(&config, &empty, 4, &published);
	assert_int_equal(published.disk_room_bytes, 98 * GB / 4);
	config.retention.max_gb = 10;
	disk_need_fill(&config, &empty, 4, &published);
	assert_int_equal(published.disk_room_bytes, 10 * GB);
	config.retention.min_free_gb = 150;
	disk_need_fill(&config, &empty, 4, &published);
	assert_int_equal(published.disk_room_bytes, 0);
}

static void without_a_limit_or_a_disk_nothing_is_known(void **state)
{
	struct config config = usual(1280, 720, 60);
	struct archive_summary none = {0};
	struct recorder_state published = {.disk_wanted_us = 1, .disk_wanted_bytes = 1};

	(void)state;
	disk_need_fill(&config, &none, 1, &published);
	assert_int_equal(published.disk_wanted_us, 0);
	assert_int_equal(published.disk_wanted_bytes, 0);
	config.retention.hours = 0;
	disk_need_fill(&config, &empty, 1, &published);
	assert_int_equal(published.disk_wanted_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_estimate_is_near_what_was_measured),
		cmocka_unit_test(what_the_camera_really_sends_counts),
		cmocka_unit_test(from_an_hour_of_recordings_on_they_count),
		cmocka_unit_test(limits_and_other_cameras_leave_less),
		cmocka_unit_test(without_a_limit_or_a_disk_nothing_is_known),
	};

	return cmocka_run_group_tests_name("disk_need", tests, NULL, NULL);
}
