/* test_control_request.c - requests on the control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/control/control_request.h"

static struct control_request request;
static struct reason why;

static bool parse(const char *text)
{
	return control_request_parse(text, strlen(text), &request, &why);
}

static void recording_is_on_or_off(void **state)
{
	(void)state;
	assert_true(parse("{\"recording\":\"on\"}"));
	assert_int_equal(request.kind, CONTROL_RECORDING);
	assert_true(request.on);
	assert_true(parse(" { \"recording\" : \"off\" } "));
	assert_false(request.on);
	assert_true(parse("{\"power\":\"off\"}"));
	assert_false(parse("{\"power\":\"front\"}"));
	assert_false(parse("{\"power\":\"off\",\"recording\":\"off\"}"));
	assert_false(parse("{\"recording\":\"On\"}"));
	assert_non_null(strstr(why.text, "on or off"));
	assert_false(parse("{\"recording\":true}"));
	assert_false(parse("{\"recording\":null}"));
}

static void assert_value(const char *text, const char *value)
{
	assert_true(parse(text));
	assert_int_equal(request.kind, CONTROL_CAMERA);
	assert_string_equal(request.camera.name, "brightness");
	assert_string_equal(request.camera.value, value);
}

static void a_control_is_set_to_a_number_a_boolean_or_a_text(void **state)
{
	(void)state;
	assert_value("{\"control\":\"brightness\",\"value\":128}", "128");
	assert_value("{\"control\":\"brightness\",\"value\":-3}", "-3");
	assert_value("{\"control\":\"brightness\",\"value\":true}", "true");
	assert_value("{\"value\":\"50 Hz\",\"control\":\"brightness\"}", "50 Hz");
}

static void a_choice_of_the_set_up_becomes_keys_of_the_file(void **state)
{
	const struct setup_choice *choice = &request.setup;

	(void)state;
	assert_true(parse("{\"setup\":{\"device\":\"/dev/video2\",\"fps\":25,\"controls\":{\"gain\":\"3\"}}}"));
	assert_int_equal(request.kind, CONTROL_SETUP);
	assert_int_equal(choice->count, 3);
	assert_true(choice->restarts);
	assert_string_equal(choice->edits[0].section, "camera");
	assert_string_equal(choice->edits[0].key, "device");
	assert_string_equal(choice->edits[0].value, "/dev/video2");
	assert_string_equal(choice->edits[1].value, "25");
	assert_string_equal(choice->edits[2].section, "controls");
	assert_string_equal(choice->edits[2].key, "gain");
	assert_true(parse("{\"setup\":{\"controls\":{\"gain\":3}}}"));
	assert_false(choice->restarts);
	assert_true(parse("{\"setup\":{}}")); /* asks */
	assert_int_equal(choice->count, 0);
}

static void a_choice_of_anything_else_is_refused(void **state)
{
	static const char *const texts[] = {
		"{\"setup\":3}",
		"{\"setup\":{\"directory\":\"/\"}}",
		"{\"setup\":{\"name\":\"b\"}}",
		"{\"setup\":{\"device\":\"a\\nb\"}}",
		"{\"setup\":{\"device\":\"a\\u0000b\"}}",
		"{\"setup\":{\"device\":\"a\\\"b\"}}",
		"{\"setup\":{\"device\":\"\"}}",
		"{\"setup\":{\"device\":\"command:/bin/sh\"}}",
		"{\"setup\":{\"device\":\"http://192.0.2.7/\"}}",
		"{\"setup\":{\"device\":\"/dev/../tmp/x\"}}",
		"{\"setup\":{\"device\":\"/tmp/x\"}}",
		"{\"setup\":{\"fps\":1.5}}",
		"{\"setup\":{\"fps\":null}}",
		"{\"setup\":{\"fps\":[1]}}",
		"{\"setup\":{\"controls\":[1]}}",
		"{\"setup\":{\"controls\":{\"a=b\":1}}}",
		"{\"setup\":{\"controls\":{\"a\\n[http]\":1}}}",
		"{\"setup\":{\"controls\":{\"\":1}}}",
		"{\"setup\":{\"controls\":{\"a\":{\"b\":1}}}}",
		"{\"setup\":{},\"recording\":\"on\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		why.text[0] = '\0';
		if (parse(texts[i]) || !why.text[0])
			fail_msg("%s", texts[i]);
	}
}

static void an_invalid_request_is_refused_with_a_reason(void **state)
{
	static const char *const texts[] = {"",
					    "x",
					    "[]",
					    "3",
					    "null",
					    "{}",
					    "{\"recording\":\"on\"",
					    "{\"recording\":\"on\"} x",
					    "{\"recording\":\"on\",\"control\":\"brightness\",\"value\":1}",
					    "{\"control\":\"brightness\"}",
					    "{\"recording\":\"on\\u0000\"}",
					    "{\"control\":\"\",\"value\":1}",
					    "{\"control\":null,\"value\":1}",
					    "{\"control\":\"a\\u0000b\\n\",\"value\":1}",
					    "{\"control\":\"brightness\",\"value\":\"a\\nb\"}",
					    "{\"control\":\"brightness\",\"value\":[[[1]]]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		why.text[0] = '\0';
		if (parse(texts[i]))
			fail_msg("taken: %s", texts[i]);
		assert_true(why.text[0]);
	}
}

static void names_and_values_may_fill_their_arrays_and_no_more(void **state)
{
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "{\"control\":\"%047d\",\"value\":1}", 7);
	assert_true(parse(text));
	assert_int_equal(strlen(request.camera.name), sizeof(request.camera.name) - 1);
	snprintf(text, sizeof(text), "{\"control\":\"%048d\",\"value\":1}", 7);
	assert_false(parse(text));
	snprintf(text, sizeof(text), "{\"control\":\"a\",\"value\":\"%048d\"}", 7);
	assert_false(parse(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recording_is_on_or_off),
		cmocka_unit_test(a_control_is_set_to_a_number_a_boolean_or_a_text),
		cmocka_unit_test(a_choice_of_the_set_up_becomes_keys_of_the_file),
		cmocka_unit_test(a_choice_of_anything_else_is_refused),
		cmocka_unit_test(an_invalid_request_is_refused_with_a_reason),
		cmocka_unit_test(names_and_values_may_fill_their_arrays_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
