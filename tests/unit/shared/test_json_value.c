/* test_json_value.c - texts from outside as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "shared/text/json_value.h"

#define NONE "\xef\xbf\xbd" /* U+FFFD */

/* In memory that ends with the text, so that AddressSanitizer reports reads past the end. */
static void assert_becomes(const char *text, const char *expected)
{
	char *exact = strdup(text);
	struct json_object *json = json_string(exact);

	assert_non_null(json);
	assert_string_equal(json_object_get_string(json), expected);
	json_object_put(json);
	free(exact);
}

static void the_first_and_last_character_of_each_length_are_kept(void **state)
{
	static const char *const texts[] = {
		"\x01 \x7f",                         /* U+0001, U+007F */
		"\xc2\x80 \xdf\xbf",                 /* U+0080, U+07FF */
		"\xe0\xa0\x80 \xef\xbf\xbf",         /* U+0800, U+FFFF */
		"\xed\x9f\xbf \xee\x80\x80",         /* U+D7FF, U+E000: next to the surrogates */
		"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", /* U+10000, U+10FFFF */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_becomes(texts[i], texts[i]);
}

static void invalid_bytes_are_replaced_one_by_one(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{"a\xc0\xaf z", "a" NONE NONE " z"},                   /* "/" in two bytes */
		{"a\xc1\xbf z", "a" NONE NONE " z"},                   /* U+007F in two */
		{"a\xe0\x9f\xbf z", "a" NONE NONE NONE " z"},          /* U+07FF in three */
		{"a\xf0\x8f\xbf\xbf z", "a" NONE NONE NONE NONE " z"}, /* U+FFFF in four */
		{"a\xed\xa0\x80 z", "a" NONE NONE NONE " z"},          /* U+D800, a surrogate */
		{"a\xed\xbf\xbf z", "a" NONE NONE NONE " z"},          /* U+DFFF */
		{"a\xf4\x90\x80\x80 z", "a" NONE NONE NONE NONE " z"}, /* U+110000 */
		{"a\xf5\x80\x80\x80 z", "a" NONE NONE NONE NONE " z"},
		{"a\x80\xbf\xfe\xff z", "a" NONE NONE NONE NONE " z"},
		{"a\xe4\xb8z", "a" NONE NONE "z"}, /* cut off by another character */
		{"a\xc3", "a" NONE},               /* by the end */
		{"a\xe4\xb8", "a" NONE NONE},
		{"a\xf0\x9f\x98", "a" NONE NONE NONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_becomes(cases[i].text, cases[i].expected);
}

static void an_empty_text_is_a_string_or_null(void **state)
{
	(void)state;
	assert_becomes("", "");
	assert_null(json_string_or_null(""));
	struct json_object *json = json_string_or_null("x");
	assert_string_equal(json_object_get_string(json), "x");
	json_object_put(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_and_last_character_of_each_length_are_kept),
		cmocka_unit_test(invalid_bytes_are_replaced_one_by_one),
		cmocka_unit_test(an_empty_text_is_a_string_or_null),
	};

	return cmocka_run_group_tests_name("json_value", tests, NULL, NULL);
}
