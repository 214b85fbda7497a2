/* test_sigv4.c - signatures of requests, against the examples that Amazon publishes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "offsite/store/sigv4.h"

/* Amazon S3 API Reference, "Signature Calculations for the Authorization Header", the examples. */
#define KEY_ID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define HOST   "examplebucket.s3.amazonaws.com"
#define DATE   "20130524T000000Z"
#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WHEN   INT64_C(1369353600000000)

static void the_put_of_the_documentation_has_its_signature(void **state)
{
	(void)state;
	char payload[SIGV4_SHA256_TEXT], authorization[SIGV4_AUTH_TEXT];

	sigv4_sha256("Welcome to Amazon S3.", 21, payload);
	const struct sigv4_request request = {
		.method = "PUT",
		.path = "/test%24file.text",
		.query = "",
		.payload_sha256 = payload,
		.date = DATE,
		.region = "us-east-1",
		.headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
			    {"host", HOST},
			    {"x-amz-content-sha256", payload},
			    {"x-amz-date", DATE},
			    {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
		.header_count = 5,
	};
	assert_true(sigv4_sign(&request, KEY_ID, SECRET, authorization));
	assert_string_equal(authorization,
			    "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20130524/us-east-1/s3/aws4_request, SignedHeaders="
			    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, Signature="
			    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void the_get_and_the_list_of_the_documentation_have_theirs(void **state)
{
	(void)state;
	char authorization[SIGV4_AUTH_TEXT];
	struct sigv4_request request = {
		.method = "GET",
		.path = "/test.txt",
		.query = "",
		.payload_sha256 = EMPTY,
		.date = DATE,
		.region = "us-east-1",
		.headers = {{"host", HOST},
			    {"range", "bytes=0-9"},
			    {"x-amz-content-sha256", EMPTY},
			    {"x-amz-date", DATE}},
		.header_count = 4,
	};

	assert_true(sigv4_sign(&request, KEY_ID, SECRET, authorization));
	assert_non_null(strstr(authorization, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
	request.path = "/";
	request.query = "max-keys=2&prefix=J";
	request.headers[1] = request.headers[2];
	request.headers[2] = request.headers[3];
	request.header_count = 3;
	assert_true(sigv4_sign(&request, KEY_ID, SECRET, authorization));
	assert_non_null(strstr(authorization, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

static void a_secret_that_does_not_fit_a_block_is_refused(void **state)
{
	(void)state;
	char secret[80], authorization[SIGV4_AUTH_TEXT];
	const struct sigv4_request request = {
		.method = "GET", .path = "/", .query = "", .payload_sha256 = EMPTY, .date = DATE, .region = "r"};

	memset(secret, 'x', sizeof(secret));
	secret[60] = '\0';
	assert_true(sigv4_sign(&request, KEY_ID, secret, authorization));
	secret[60] = 'x';
	secret[61] = '\0';
	assert_false(sigv4_sign(&request, KEY_ID, secret, authorization));
}

static void dates_and_digests_are_written_as_stores_read_them(void **state)
{
	(void)state;
	char date[SIGV4_DATE_TEXT], md5[SIGV4_MD5_TEXT], sha256[SIGV4_SHA256_TEXT];

	sigv4_date(WHEN + 999999, date);
	assert_string_equal(date, DATE);
	sigv4_sha256("", 0, sha256);
	assert_string_equal(sha256, EMPTY);
	/* RFC 1864, section 2 */
	sigv4_base64_md5((const uint8_t *)"Check Integrity!", md5);
	assert_string_equal(md5, "Q2hlY2sgSW50ZWdyaXR5IQ==");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_put_of_the_documentation_has_its_signature),
		cmocka_unit_test(the_get_and_the_list_of_the_documentation_have_theirs),
		cmocka_unit_test(a_secret_that_does_not_fit_a_block_is_refused),
		cmocka_unit_test(dates_and_digests_are_written_as_stores_read_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
