/* test_camera_info.c - controls in /camera_info, and a slow camera explained by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "fcgi/api/camera_info.c" /* the controls alone: the rest takes a recorder */

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

/* True where the rate is explained. */
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

static void a_low_rate_is_explained_by_the_control_that_is_on(void **state)
{
	(void)state;
	assert_true(is_explained("exposure_dynamic_framerate", 1));
	assert_true(is_explained("exposure_auto_priority", 1));
	assert_false(is_explained("exposure_dynamic_framerate", 0));
	assert_false(is_explained("brightness", 1));
}

static void a_rate_near_the_negotiated_one_or_none_is_not(void **state)
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

/* Shared memory is bytes from outside. */
static void a_list_of_something_else_is_passed_over(void **state)
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
		CASE(a_low_rate_is_explained_by_the_control_that_is_on),
		CASE(a_rate_near_the_negotiated_one_or_none_is_not),
		CASE(a_list_of_something_else_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
