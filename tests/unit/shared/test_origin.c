/* test_origin.c - web origins as browsers and recorder.ini write them: shared/net/origin.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/net/origin.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LISTED       "http://dash.example:8123 https://ha.example, http://[2001:db8::7]:3000"

static void an_origin_is_parsed_completely_or_refused(void **state)
{
	static const char *const good[] = {"http://a",
					   "https://a.example:8443",
					   "http://10.0.0.7:80",
					   "http://[::1]",
					   "http://[::1]:3000",
					   "HTTP://A.Example",
					   "app://x_y.z-1",
					   "http://a.",
					   "capacitor://localhost"};
	static const char *const bad[] = {"",
					  "null",
					  "*",
					  "a.example",
					  "//a.example",
					  "http:/a",
					  "http://",
					  "http://:80",
					  "http://a:",
					  "http://a:0",
					  "http://a:65536",
					  "http://a:-1",
					  "http://a:80x",
					  "http://a:000080",
					  "http://a/",
					  "http://a?x",
					  "http://a b",
					  " http://a",
					  "http://a\r\nX: y",
					  "http://u@a",
					  "http://a, http://b",
					  "http://[::1",
					  "http://[]",
					  "http://[::1%25eth0]",
					  "http://[::1]x",
					  "http://*.a",
					  "http://\xc3\xa4",
					  "1http://a",
					  "://a",
					  "averyveryverylongschemethatnobodyhas://a"};
	struct origin origin;
	char text[ORIGIN_HOST_BYTES + 32] = "http://";

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!origin_parse(good[i], &origin))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (origin_parse(bad[i], &origin))
			fail_msg("%s", bad[i]);
	memset(text + 7, 'a', ORIGIN_HOST_BYTES - 1);
	assert_true(origin_parse(text, &origin));
	text[7 + ORIGIN_HOST_BYTES - 1] = 'a';
	assert_false(origin_parse(text, &origin));
	assert_true(origin_parse_url("http://a:80/b?c=http://d#e", &origin));
	assert_string_equal(origin.host, "a");
	assert_false(origin_parse_url("about:client", &origin));
	assert_false(origin_parse_url("http://a\\b", &origin));
}

static bool same_origin(const char *one, const char *other)
{
	struct origin a, b;

	assert_true(origin_parse(one, &a) && origin_parse(other, &b));
	return origin_equal(&a, &b);
}

static void different_spellings_of_one_origin_are_equal(void **state)
{
	(void)state;
	assert_true(same_origin("http://a.example", "HTTP://A.EXAMPLE:80"));
	assert_true(same_origin("https://a.example", "https://a.example:443"));
	assert_true(same_origin("http://[::1]:3000", "http://[0:0:0:0:0:0:0:1]:3000"));
	assert_true(same_origin("http://[2001:DB8::7]", "http://[2001:db8:0::7]:80"));
	assert_false(same_origin("http://a.example", "https://a.example"));
	assert_false(same_origin("http://a.example", "http://a.example:443"));
	assert_false(same_origin("http://a.example", "http://a.example."));
	assert_false(same_origin("http://a.example", "http://b.a.example"));
	assert_false(same_origin("app://a", "app://a:80"));
}

static void a_list_contains_origins_or_a_single_star(void **state)
{
	static const char *const good[] = {"", " ", "*", "http://a", "http://a,https://b:8443", LISTED, ", http://a ,"};
	static const char *const bad[] = {
		"null", "a.example",           "http://a/",     "http://*",      "*.example",        "http://a *",
		"**",   "http://a http://b/c", "http://a;rest", "http://a,null", "http://a\thttp:b", "http://a:x"};
	char longest[1024];
	struct origin origin;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!origin_list_valid(good[i], 512))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (origin_list_valid(bad[i], 512))
			fail_msg("%s", bad[i]);
	memset(longest, ' ', 512);
	longest[512] = '\0';
	assert_false(origin_list_valid(longest, 512));
	longest[511] = '\0';
	assert_true(origin_list_valid(longest, 512));
	assert_true(origin_parse("http://[2001:DB8::7]:3000", &origin));
	assert_true(origin_list_contains(LISTED, &origin));
	assert_false(origin_list_contains("*", &origin));
	assert_true(origin_parse("http://dash.example", &origin));
	assert_false(origin_list_contains(LISTED, &origin));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_origin_is_parsed_completely_or_refused),
		cmocka_unit_test(different_spellings_of_one_origin_are_equal),
		cmocka_unit_test(a_list_contains_origins_or_a_single_star),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
