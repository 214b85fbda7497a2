/* test_v4l2_bandwidth.c - a USB bus without bandwidth for the requested mode: lower ones are opened. */
#include <errno.h>

#include "shared/base/log.h"
#include "tests/unit/support/open_cases.h"

static void missing_bandwidth_lowers_first_the_rate_and_then_the_size(void **state)
{
	struct config config = request(1280, 720, 60);
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

static void other_errnos_of_a_bus_without_room_lower_the_mode_too(void **state)
{
	static const int errnos[] = {ENOSPC, EMSGSIZE, EFBIG, ENOMEM, EIO, EPROTO, ETIMEDOUT};
	struct config config = request(1280, 720, 60);

	(void)state;
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		fake_nodes[0].room = UINT64_C(1280) * 720 * 20;
		fake_nodes[0].room_errno = errnos[i];
		struct source_info info = info_of(&config);
		assert_int_equal(info.width, 1280);
		assert_int_equal(info.fps_milli, 10000);
		assert_int_equal(info.steps_down, 2);
		assert_string_equal(info.top_mode, "1280x720 at 60 fps");
		fake_nodes[0].room = 1;
		assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
		assert_non_null(strstr(why.text, "even for its smallest size and rate"));
	}
}

static void an_error_that_passes_does_not_lower_the_mode(void **state)
{
	struct config config = request(1280, 720, 60);

	(void)state;
	fake_nodes[0].stream_fails = 1;
	fake_nodes[0].room_errno = EIO;
	assert_int_equal(info_of(&config).steps_down, 0);
	fake_nodes[0].stream_fails = 1;
	fake_nodes[0].room_errno = EINVAL;
	assert_int_equal(try_open(&config), SOURCE_OPEN_FAILED);
}

static void a_lower_mode_is_opened_if_asked_for_down_to_the_lowest(void **state)
{
	static const uint32_t modes[][2] = {{1280, 60000}, {1280, 30000}, {1280, 10000}, {640, 30000}, {640, 15000}};
	struct config config = request(1280, 720, 60);
	struct source *source;

	(void)state;
	for (unsigned steps = 0; steps < 7; steps++) {
		unsigned actual = steps < 4 ? steps : 4;
		assert_int_equal(source_v4l2_open(&config, "/dev/video0", steps, &source, &why), SOURCE_OPENED);
		assert_int_equal(source->info.width, modes[actual][0]);
		assert_int_equal(source->info.fps_milli, modes[actual][1]);
		assert_int_equal(source->info.steps_down, actual);
		source_close(source);
	}
}

static void a_camera_with_ranges_of_modes_is_lowered_by_halves(void **state)
{
	struct config config = request(1280, 720, 60);
	struct source *source;

	(void)state;
	fake_nodes[0].ranged = true;
	for (unsigned steps = 0; steps < 20; steps++) {
		assert_int_equal(source_v4l2_open(&config, "/dev/video0", steps, &source, &why), SOURCE_OPENED);
		if (steps == 1)
			assert_int_equal(source->info.fps_milli, 30000);
		if (steps == 19)
			assert_int_equal(source->info.width, 160);
		source_close(source);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(missing_bandwidth_lowers_first_the_rate_and_then_the_size),
		CASE(other_errnos_of_a_bus_without_room_lower_the_mode_too),
		CASE(an_error_that_passes_does_not_lower_the_mode),
		CASE(a_lower_mode_is_opened_if_asked_for_down_to_the_lowest),
		CASE(a_camera_with_ranges_of_modes_is_lowered_by_halves),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
