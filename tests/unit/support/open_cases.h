/* open_cases.h - for tests of opening a V4L2 camera: configurations, and one fake camera that every case opens. */
#ifndef TESTS_UNIT_SUPPORT_OPEN_CASES_H
#define TESTS_UNIT_SUPPORT_OPEN_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/source/source_v4l2.h"
#include "tests/unit/fakes/fake_video.h"

static struct reason why;

static inline struct config request(int width, int height, int fps)
{
	return (struct config){.camera = {.width = width, .height = height, .fps = fps}};
}

static inline enum source_open_outcome try_open(const struct config *config)
{
	struct source *source;
	enum source_open_outcome outcome;

	why.text[0] = '\0';
	outcome = source_v4l2_open(config, "/dev/video0", 0, &source, &why);
	if (outcome != SOURCE_OPENED) {
		assert_null(source);
		assert_non_null(strstr(why.text, "/dev/video0"));
	}
	source_close(source);
	return outcome;
}

static inline struct source_info info_of(const struct config *config)
{
	struct source *source;
	struct source_info info;

	assert_int_equal(source_v4l2_open(config, "/dev/video0", 0, &source, &why), SOURCE_OPENED);
	info = source->info;
	source_close(source);
	return info;
}

static inline int set_up(void **state)
{
	(void)state;
	fake_reset();
	fake_camera(0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	assert_int_equal(fake_nodes[0].opens, fake_nodes[0].closes);
	fake_reset();
	return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
