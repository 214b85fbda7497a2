/* test_range.c - the headers of conditional and range requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fcgi/http/range.h"

#define SIZE 1000u

static void assert_part(const char *header, uint64_t first, uint64_t end)
{
	uint64_t got_first = 0, got_end = 0;

	assert_int_equal(range_parse(header, SIZE, &got_first, &got_end), RANGE_PART);
	assert_int_equal(got_first, first);
	assert_int_equal(got_end, end);
}

static void assert_outcome(const char *header, enum range_outcome outcome)
{
	uint64_t first = 7, end = 9;

	if (range_parse(header, SIZE, &first, &end) != outcome)
		fail_msg("\"%s\" is not taken as outcome %d", header, (int)outcome);
	assert_int_equal(first, 7);
	assert_int_equal(end, 9);
}

static void ranges_are_cut_at_the_end_of_the_file(void **state)
{
	(void)state;
	assert_part("bytes=0-0", 0, 1);
	assert_part("bytes=0-", 0, SIZE);
	assert_part("bytes=10-19", 10, 20);
	assert_part("bytes=999-999", 999, 1000);
	assert_part("bytes=500-5000", 500, 1000);
	assert_part("Bytes= 10-19 ", 10, 20);
	assert_part("bytes=0-99999999999999999999999999", 0, SIZE);
}

static void a_suffix_counts_from_the_end(void **state)
{
	(void)state;
	assert_part("bytes=-1", 999, 1000);
	assert_part("bytes=-1000", 0, 1000);
	assert_part("bytes=-99999999999999999999", 0, 1000);
}

static void a_range_after_the_end_is_unsatisfiable(void **state)
{
	uint64_t first = 7, end = 9;

	(void)state;
	assert_outcome("bytes=1000-", RANGE_UNSATISFIABLE);
	assert_outcome("bytes=1000-1001", RANGE_UNSATISFIABLE);
	assert_outcome("bytes=99999999999999999999-", RANGE_UNSATISFIABLE);
	assert_outcome("bytes=-0", RANGE_UNSATISFIABLE);
	assert_int_equal(range_parse("bytes=-5", 0, &first, &end), RANGE_UNSATISFIABLE);
	assert_int_equal(range_parse("bytes=0-", 0, &first, &end), RANGE_UNSATISFIABLE);
}

static void several_or_malformed_ranges_get_the_whole(void **state)
{
	static const char *const headers[] = {"",          "bytes",      "bytes=",        "bytes=-",    "bytes=a-b",
					      "bytes=5",   "bytes=5-4",  "bytes=0-1,3-4", "bytes=1-2x", "bytes=--5",
					      "items=0-1", "bytes=+1-2", "bytes=0x1-2",   "bytes=1 - 2"};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_outcome(headers[i], RANGE_WHOLE);
}

static void a_tag_is_found_in_a_list(void **state)
{
	(void)state;
	assert_true(range_etag_matches("\"a\"", "\"a\""));
	assert_true(range_etag_matches("*", "\"a\""));
	assert_true(range_etag_matches("\"x\", W/\"a\" , \"y\"", "\"a\""));
	assert_true(range_etag_matches("\"with,comma\",\"a\"", "\"a\""));
	assert_false(range_etag_matches("", "\"a\""));
	assert_false(range_etag_matches("\"aa\"", "\"a\""));
	assert_false(range_etag_matches("a", "\"a\""));
	assert_false(range_etag_matches("\"a", "\"a\""));
	assert_false(range_etag_matches("\"x\" y \"a\"", "\"a\""));
}

static void if_match_accepts_only_the_strong_tag(void **state)
{
	(void)state;
	assert_true(range_if_match_holds("", "\"a\""));
	assert_true(range_if_match_holds("*", "\"a\""));
	assert_true(range_if_match_holds("\"a\"", "\"a\""));
	assert_true(range_if_match_holds("W/\"a\", \"a\"", "\"a\""));
	assert_false(range_if_match_holds("W/\"a\", \"b\"", "\"a\""));
	assert_false(range_if_match_holds("a", "\"a\""));
}

static void if_range_accepts_only_the_strong_tag(void **state)
{
	(void)state;
	assert_true(range_if_range_holds("", "\"a\""));
	assert_true(range_if_range_holds("\"a\"", "\"a\""));
	assert_false(range_if_range_holds("W/\"a\"", "\"a\""));
	assert_false(range_if_range_holds("Sun, 22 Nov 2026 12:03:34 GMT", "\"a\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_cut_at_the_end_of_the_file),
		cmocka_unit_test(a_suffix_counts_from_the_end),
		cmocka_unit_test(a_range_after_the_end_is_unsatisfiable),
		cmocka_unit_test(several_or_malformed_ranges_get_the_whole),
		cmocka_unit_test(a_tag_is_found_in_a_list),
		cmocka_unit_test(if_match_accepts_only_the_strong_tag),
		cmocka_unit_test(if_range_accepts_only_the_strong_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
