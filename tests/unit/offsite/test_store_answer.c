/* test_store_answer.c - what answers of the store mean, and what is said about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "offsite/store/store_answer.h"

static enum put_outcome judge(long status, const char *body, struct reason *why)
{
	struct store_answer answer = {.status = status, .length = strlen(body)};

	memcpy(answer.body, body, answer.length);
	why->text[0] = '\0';
	return store_answer_judge(&answer, why);
}

static void a_code_decides_and_is_explained(void **state)
{
	(void)state;
	struct reason why;
	char body[200];
	static const struct {
		const char *code, *said;
		long status;
		enum put_outcome outcome;
	} cases[] = {
		{"RequestTimeTooSkewed", "clock", 403, PUT_SKEWED},
		{"SignatureDoesNotMatch", "secret", 403, PUT_REFUSED},
		{"AccessDenied", "may not put", 403, PUT_REFUSED},
		{"NoSuchBucket", "bucket does not exist", 404, PUT_REFUSED},
		{"QuotaExceeded", "full", 403, PUT_REFUSED},
		{"PermanentRedirect", "store.url", 301, PUT_REFUSED},
		{"NoSuchUpload", "upload in parts", 404, PUT_RETRY},
		{"SlowDown", "slow down", 503, PUT_RETRY},
		{"BadDigest", "other bytes", 400, PUT_CHANGED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(body, sizeof(body), "<?xml version=\"1.0\"?><Error><Code>%s</Code></Error>", cases[i].code);
		assert_int_equal(judge(cases[i].status, body, &why), cases[i].outcome);
		assert_non_null(strstr(why.text, cases[i].said));
	}
}

static void an_error_after_status_200_is_an_error(void **state)
{
	(void)state;
	struct reason why;

	assert_int_equal(judge(200, "", &why), PUT_DONE);
	assert_int_equal(judge(200, "<PutResult/>", &why), PUT_DONE);
	assert_int_equal(judge(200, "<Error><Code>InternalError</Code></Error>", &why), PUT_RETRY);
	assert_int_equal(judge(200, "<Error></Error>", &why), PUT_RETRY);
	assert_non_null(strstr(why.text, "200 with an error"));
}

static void a_status_alone_decides_as_well_and_only_some_mean_success(void **state)
{
	(void)state;
	struct reason why;

	assert_int_equal(judge(500, "", &why), PUT_RETRY);
	assert_int_equal(judge(502, "<html>Bad Gateway</html>", &why), PUT_RETRY);
	assert_int_equal(judge(403, "", &why), PUT_REFUSED);
	assert_int_equal(judge(307, "", &why), PUT_REFUSED);
	assert_non_null(strstr(why.text, "not followed"));
	assert_int_equal(judge(206, "", &why), PUT_RETRY);
	assert_int_equal(judge(0, "", &why), PUT_RETRY);
	assert_int_equal(judge(418, "<Code>Tea\npot</Code><Message>\x1b[31mno</Message>", &why), PUT_REFUSED);
	assert_non_null(strstr(why.text, "status 418, Tea?pot: ?[31mno"));
}

static void the_store_s_date_is_read_or_it_is_none(void **state)
{
	(void)state;

	assert_int_equal(store_date_parse(" Fri, 24 May 2013 00:00:00 GMT\r\n"), INT64_C(1369353600000000));
	assert_int_equal(store_date_parse(""), -1);
	assert_int_equal(store_date_parse("yesterday"), -1);
	assert_int_equal(store_date_parse("Fri, 24 May 1913 00:00:00 GMT"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_decides_and_is_explained),
		cmocka_unit_test(an_error_after_status_200_is_an_error),
		cmocka_unit_test(a_status_alone_decides_as_well_and_only_some_mean_success),
		cmocka_unit_test(the_store_s_date_is_read_or_it_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
