/* test_camera_info.c - controls in /camera_info, and the explanation of a low frame rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "fcgi/api/camera_info.c" /* only the controls: the rest needs a recorder */

static struct recorder_state camera;

static struct json_object *info_of(const char *devices_text)
{
	struct json_object *json = json_object_new_object(), *devices = json_tokener_parse(devices_text);

	assert_non_null(devices);
	controls_add(json, devices, &camera);
	for (size_t i = 0; i < json_object_array_length(devices); i++)
		assert_null(json_object_object_get(json_object_array_get_idx(devices, i), "controls"));
	json_object_put(devices);
	return json;
}

static void with_control(const char *name, int value, char *out, size_t bytes)
{
	snprintf(out, bytes,
		 "[{\"id\":0},{\"id\":1,\"controls\":[{\"name\":\"gain\"},{\"name\":\"%s\",\"value\":%d}]}]", name,
		 value);
}

/* True if the frame rate is explained. */
static bool is_explained(const char *name, int value)
{
	char text[200];

	with_control(name, value, text, sizeof(text));
	struct json_object *json = info_of(text), *slow;
	bool explained = json_object_object_get_ex(json, "slow", &slow);
	if (explained)
		assert_non_null(strstr(json_object_get_string(slow), name));
	assert_int_equal(json_object_array_length(json_object_object_get(json, "controls")), 2);
	json_object_put(json);
	return explained;
}

static int set_up(void **state)
{
	(void)state;
	camera = (struct recorder_state){
		.camera_state = CAMERA_STREAMING, .fps_milli = 30000, .measured_fps_milli = 15000};
	return 0;
}

static void a_low_rate_is_explained_by_a_control_that_is_on(void **state)
{
	(void)state;
	assert_true(is_explained("exposure_dynamic_framerate", 1));
	assert_true(is_explained("exposure_auto_priority", 1));
	assert_false(is_explained("exposure_dynamic_framerate", 0));
	assert_false(is_explained("brightness", 1));
}

static void no_rate_or_one_near_the_negotiated_rate_is_not_explained(void **state)
{
	(void)state;
	camera.measured_fps_milli = 27000;
	assert_false(is_explained("exposure_dynamic_framerate", 1));
	camera.measured_fps_milli = 26999;
	assert_true(is_explained("exposure_dynamic_framerate", 1));
	camera.measured_fps_milli = 0;
	assert_false(is_explained("exposure_dynamic_framerate", 1));
	camera.measured_fps_milli = 15000;
	camera.camera_state = CAMERA_STALLED;
	assert_false(is_explained("exposure_dynamic_framerate", 1));
}

/* The content of shared memory is not trusted. */
static void a_malformed_list_of_devices_is_skipped(void **state)
{
	static const char *const texts[] = {"[]", "[1,null,\"a\",[]]", "[{\"controls\":[]}]",
					    "[{\"controls\":[1,null,[],{\"name\":3,\"value\":{}}]}]"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_object_put(info_of(texts[i]));
}

#define CASE(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_low_rate_is_explained_by_a_control_that_is_on),
		CASE(no_rate_or_one_near_the_negotiated_rate_is_not_explained),
		CASE(a_malformed_list_of_devices_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
