/* test_bucket_url.c - where a store is, as recorder.ini says it, and what is refused: shared/net/bucket_url.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/net/bucket_url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void a_bucket_is_found_in_its_url(void **state)
{
	(void)state;
	struct bucket_url url;

	assert_true(bucket_url_parse("https://S3.Example.org/footage", &url));
	assert_string_equal(url.origin.scheme, "https");
	assert_string_equal(url.origin.host, "s3.example.org");
	assert_int_equal(url.origin.port, 443);
	assert_string_equal(url.authority, "s3.example.org");
	assert_string_equal(url.bucket, "footage");
	assert_true(bucket_url_parse("https://10.0.0.7:9000/my.bucket-1/", &url));
	assert_string_equal(url.authority, "10.0.0.7:9000");
	assert_string_equal(url.bucket, "my.bucket-1");
	assert_true(bucket_url_parse("https://s3.example.org:443/footage", &url));
	assert_string_equal(url.authority, "s3.example.org");
}

static void http_is_for_this_machine_only(void **state)
{
	(void)state;
	struct bucket_url url;
	static const char *const good[] = {"http://127.0.0.1:7480/footage", "http://127.1.2.3/footage",
					   "http://localhost:7480/footage", "http://[::1]:7480/footage"};
	static const char *const bad[] = {"http://10.0.0.7/footage",
					  "http://s3.example.org/footage",
					  "http://127.0.0.1.example.org/footage",
					  "http://localhost.example.org/footage",
					  "http://[::2]/footage",
					  "http://128.0.0.1/footage"};

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(bucket_url_parse(good[i], &url));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(bucket_url_parse(bad[i], &url));
}

static void nothing_else_is_a_bucket(void **state)
{
	(void)state;
	struct bucket_url url;
	static const char *const bad[] = {"",
					  "footage",
					  "https://s3.example.org",
					  "https://s3.example.org/",
					  "https://s3.example.org/ab",
					  "https://s3.example.org/footage/deeper",
					  "https://s3.example.org/footage//",
					  "https://s3.example.org/Footage",
					  "https://s3.example.org/../x",
					  "https://s3.example.org/a..b",
					  "https://s3.example.org/-footage",
					  "https://s3.example.org/footage?x",
					  "https://user:secret@s3.example.org/footage",
					  "https:///footage",
					  "https://s3.example.org:0/footage",
					  "ftp://s3.example.org/footage",
					  "file:///etc/passwd"};

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(bucket_url_parse(bad[i], &url));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_is_found_in_its_url),
		cmocka_unit_test(http_is_for_this_machine_only),
		cmocka_unit_test(nothing_else_is_a_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
