/* test_query.c - queries and routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fcgi/api/route.h"
#include "fcgi/clip/kept_clips.h"
#include "fcgi/footage/footage_handlers.h"
#include "fcgi/http/query.h"

#define NOW_US INT64_C(1800000000437000)

static const wall_t now = {NOW_US};

static void assert_value(const char *query, const char *name, const char *value)
{
	char out[32];

	assert_int_equal(query_get(query, name, out, sizeof(out)), QUERY_FOUND);
	assert_string_equal(out, value);
}

static void values_are_decoded(void **state)
{
	(void)state;
	assert_value("a=1", "a", "1");
	assert_value("x=2&a=1&a=3", "a", "1");
	assert_value("&&a=b+c%2Bd%41", "a", "b c+dA");
	assert_value("a=", "a", "");
	assert_value("aa=1&a=2", "a", "2");
	assert_value("a=b=c", "a", "b=c");
}

static void malformed_escapes_nuls_and_long_values_are_refused(void **state)
{
	static const char *const queries[] = {"a=%", "a=%4", "a=x%4", "a=%zz", "a=%4&b=1", "a=%00", "a=12345678"};
	char out[8];

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		assert_int_equal(query_get(queries[i], "a", out, sizeof(out)), QUERY_MALFORMED);
	assert_int_equal(query_get("b=1&A=2&a", "a", out, sizeof(out)), QUERY_ABSENT);
	assert_int_equal(query_get("a=1234567", "a", out, sizeof(out)), QUERY_FOUND);
}

static void unknown_and_repeated_names_are_refused(void **state)
{
	static const char *const good[] = {
		"", "from=1&to=2", "to=2&from=1", "from=", "123", "from=1&_=5&_=6&17", "&&to=2&"};
	static const struct {
		const char *query, *message;
	} wrong[] = {
		{"form=1", "Unknown parameter \"form\"; expected: from to."},
		{"from=1&to=2&too=3", "\"too\""},
		{"from=1&from=1", "from= is given twice."},
		{"to=1&from=2&to", "to= is given twice."},
		{"From=1", "\"From\""},
		{"fro=1", "\"fro\""},
		{"fromt=1", "\"fromt\""},
		{"%66rom=1", "\"%66rom\""},
		{"=1", "\"\""},
		{"_", "\"_\""},
		{"from=1&12x", "\"12x\""},
	};
	struct reason why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!query_check(good[i], "from to", &why))
			fail_msg("%s: %s", good[i], why.text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(query_check(wrong[i].query, "from to", &why));
		if (!strstr(why.text, wrong[i].message))
			fail_msg("%s: %s", wrong[i].query, why.text);
	}
}

static void a_name_with_a_star_may_be_repeated(void **state)
{
	const char *query = "not=1&area=a%2Cb&to=2&area=c&area=%zz&area=";
	const char *at = query;
	struct reason why;
	char out[8];

	(void)state;
	assert_true(query_check(query, "to area* not*", &why));
	assert_false(query_check("area=1&to=1&to=1", "to area* not*", &why));
	assert_string_equal(why.text, "to= is given twice.");
	assert_false(query_check("area*=1", "to area* not*", &why));
	assert_string_equal(why.text, "Unknown parameter \"area*\"; expected: to area not.");
	assert_int_equal(query_next(&at, "area", out, sizeof(out)), QUERY_FOUND);
	assert_string_equal(out, "a,b");
	assert_int_equal(query_next(&at, "area", out, sizeof(out)), QUERY_FOUND);
	assert_string_equal(out, "c");
	assert_int_equal(query_next(&at, "area", out, sizeof(out)), QUERY_MALFORMED);
	assert_int_equal(query_next(&at, "area", out, sizeof(out)), QUERY_FOUND);
	assert_string_equal(out, "");
	assert_int_equal(query_next(&at, "area", out, sizeof(out)), QUERY_ABSENT);
}

/* What dashboards append to the address of a picture, and mistakes that look like it. */
static void pictures_may_have_cache_busters_and_mistakes_are_still_reported(void **state)
{
	static const char *const busters[] = {"bypassCache=1763540000000",
					      "cacheBust=1763",
					      "t=1763",
					      "ts=1",
					      "nocache=5",
					      "rnd=0.8437264",
					      "rnd=5.31e-8",
					      "ts=5e-7",
					      "camera=a&width=320&timestamp=1",
					      "cb=12&cb=13",
					      "_=x&123",
					      "widht=1763540000000"};
	static const struct {
		const char *query, *name;
	} mistakes[] = {{"widht=320", "\"widht\""},
			{"with=320", "\"with\""},
			{"Width=320", "\"Width\""},
			{"At=1763540000", "\"At\""},
			{"WIDTH=1763540000000", "\"WIDTH\""},
			{"w=320", "\"w\""},
			{"cam=2", "\"cam\""},
			{"cmera=1", "\"cmera\""},
			{"t=x", "\"t\""},
			{"t=", "\"t\""},
			{"t=1x", "\"t\""},
			{"t=-1", "\"t\""},
			{"t=.5", "\"t\""},
			{"t=5e-", "\"t\""},
			{"t=5e8", "\"t\""},
			{"t", "\"t\""},
			{"=1", "\"\""},
			{"width=1&width=2", "width= is"}};
	struct reason why;

	(void)state;
	for (size_t i = 0; i < sizeof(busters) / sizeof(busters[0]); i++) {
		if (!query_check_picture(busters[i], "at width camera", &why))
			fail_msg("%s: %s", busters[i], why.text);
		assert_true(strchr(busters[i], '_') || !query_check(busters[i], "at width camera", &why));
	}
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
		if (query_check_picture(mistakes[i].query, "at width camera", &why) ||
		    !strstr(why.text, mistakes[i].name))
			fail_msg("%s: %s", mistakes[i].query, why.text);
}

static void numbers_have_bounds(void **state)
{
	struct reason why;
	long value = 5;

	(void)state;
	assert_true(query_number("", "n", 0, 10, &value, &why));
	assert_int_equal(value, 5);
	assert_true(query_number("n=10", "n", 0, 10, &value, &why));
	assert_int_equal(value, 10);
	assert_false(query_number("n=11", "n", 0, 10, &value, &why));
	assert_false(query_number("n=-1", "n", 0, 10, &value, &why));
	assert_false(query_number("n=", "n", 0, 10, &value, &why));
	assert_false(query_number("n=1x", "n", 0, 10, &value, &why));
	assert_false(query_number("n=99999999999999999999999", "n", 0, 10, &value, &why));
	assert_non_null(strstr(why.text, "0 to 10"));
	assert_int_equal(value, 10);
}

static struct query_span span_of(const char *query)
{
	struct query_span span;
	struct reason why;

	if (!query_span(query, now, false, &span, &why))
		fail_msg("%s: %s", query, why.text);
	return span;
}

static void from_is_widened_to_its_second_and_to_is_not(void **state)
{
	struct query_span span = span_of("from=1700000000.9&to=1700000010.25");

	(void)state;
	assert_int_equal(span.from_us, INT64_C(1700000000000000));
	assert_int_equal(span.to_us, INT64_C(1700000010250000));
	assert_false(span.moving);
}

static void a_duration_counts_from_the_exact_from(void **state)
{
	struct query_span span = span_of("from=1700000000.5&duration=2s");

	(void)state;
	assert_int_equal(span.from_us, INT64_C(1700000000000000));
	assert_int_equal(span.to_us, INT64_C(1700000002500000));
}

static void relative_spans_and_those_that_end_now_are_moving(void **state)
{
	(void)state;
	assert_true(span_of("from=-90s&to=-30s").moving);
	assert_false(span_of("from=-90s&to=-30s").open_end);
	assert_true(span_of("from=1700000000&to=now").open_end);
	assert_true(span_of("from=1700000000&to=1800000001").open_end);
	assert_true(span_of("from=1700000000&to=1800000001").moving);
	assert_false(span_of("from=1700000000&to=1800000000").moving);
	assert_true(span_of("from=1700000000").open_end);
}

/* It is 9:00 on a Friday in Berlin. */
static void times_are_those_that_people_type(void **state)
{
	struct query_span span;

	(void)state;
	span = span_of("from=wed+3:17&to=3%3A20+am");
	assert_int_equal(span.from_us, INT64_C(1799806620000000)); /* 2027-01-13T02:17:00Z */
	assert_int_equal(span.to_us - span.from_us, 180 * US_PER_S);
	assert_true(span.moving && !span.open_end);
	span = span_of("from=13.1.2027+3:17&to=3:20");
	assert_int_equal(span.to_us - span.from_us, 180 * US_PER_S);
	assert_false(span.moving);
	span = span_of("from=last+night&to=last+night");
	assert_int_equal(span.from_us, INT64_C(1799949600000000)); /* 2027-01-14T18:00:00Z */
	assert_int_equal(span.to_us - span.from_us, 12 * 3600 * US_PER_S);
}

static void invalid_spans_are_refused(void **state)
{
	static const char *const queries[] = {
		"from=1700000000&to=1700000000",
		"from=1700000010&to=1700000000",
		"from=x&to=1700000000",
		"from=11/28/2026&to=now",
		"from=1700000000&to=20261301_000000",
		"from=1700000000",
		"to=1700000000",
		"duration=5",
		"from=1700000000&duration=-5",
		"from=1700000000&duration=0",
		"from=1700000000%00&to=now",
		"from=1700000000&to=now&duration=5",
		"",
	};
	struct query_span span;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		why.text[0] = '\0';
		assert_false(query_span(queries[i], now, true, &span, &why));
		assert_int_not_equal(why.text[0], '\0');
	}
}

static void assert_route(const char *method, const char *path, api_handler *handler, const char *tail)
{
	struct route_match match;

	assert_int_equal(route_find(method, path, &match), ROUTE_FOUND);
	assert_ptr_equal(match.handler, handler);
	assert_int_equal(strncmp(match.tail, tail, strlen(tail)), 0);
}

static void paths_lead_to_their_handlers(void **state)
{
	(void)state;
	assert_route("GET", "/footage", handle_footage, "");
	assert_route("HEAD", "/footage", handle_footage, "");
	assert_route("GET", "/recordings/a.mp4", handle_recording, "a.mp4");
	assert_route("GET", "/recordings/a.mp4/init.mp4", handle_recording_init, "a.mp4/");
	assert_route("DELETE", "/clips/a.mp4", handle_clip_delete, "a.mp4");
	assert_route("POST", "/control", handle_control, "");
	assert_route("POST", "/clips", handle_clip_keep, "");
}

static void unknown_paths_and_wrong_methods_differ(void **state)
{
	static const char *const paths[] = {"",
					    "/",
					    "/recordings/",
					    "/recordings/a/b",
					    "/recordings//init.mp4",
					    "/footage/",
					    "/recordings/a/init.mp4/x",
					    "//footage",
					    "/clips/a/b",
					    "footage"};
	struct route_match match;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(route_find("GET", paths[i], &match), ROUTE_NO_PATH);
	assert_int_equal(route_find("PUT", "/clips", &match), ROUTE_NO_METHOD);
	assert_string_equal(match.allow, "GET, HEAD, POST");
	assert_int_equal(route_find("get", "/footage", &match), ROUTE_NO_METHOD);
}

static void only_names_of_kept_clips_are_accepted(void **state)
{
	static const char *const bad[] = {"",        ".",        "..", ".mp4",    ".a.mp4",
					  "a/b.mp4", "../a.mp4", "a",  "a b.mp4", "\xc3\xa4.mp4"};
	char name[KEPT_CLIP_NAME_BYTES], longest[KEPT_CLIP_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kept_clip_name_valid(bad[i]));
	assert_true(kept_clip_name_valid("a.mp4"));
	assert_true(kept_clip_name_make("door-1", name));
	assert_string_equal(name, "door-1.mp4");
	assert_true(kept_clip_name_make("door.mp4", name));
	assert_string_equal(name, "door.mp4");
	assert_false(kept_clip_name_make("a/b", name));
	assert_false(kept_clip_name_make("", name));
	memset(longest, 'x', sizeof(longest));
	longest[101] = '\0';
	assert_false(kept_clip_name_make(longest, name));
	longest[100] = '\0';
	assert_true(kept_clip_name_make(longest, name));
	assert_true(kept_clip_name_valid(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_decoded),
		cmocka_unit_test(malformed_escapes_nuls_and_long_values_are_refused),
		cmocka_unit_test(unknown_and_repeated_names_are_refused),
		cmocka_unit_test(a_name_with_a_star_may_be_repeated),
		cmocka_unit_test(pictures_may_have_cache_busters_and_mistakes_are_still_reported),
		cmocka_unit_test(numbers_have_bounds),
		cmocka_unit_test(from_is_widened_to_its_second_and_to_is_not),
		cmocka_unit_test(a_duration_counts_from_the_exact_from),
		cmocka_unit_test(relative_spans_and_those_that_end_now_are_moving),
		cmocka_unit_test(times_are_those_that_people_type),
		cmocka_unit_test(invalid_spans_are_refused),
		cmocka_unit_test(paths_lead_to_their_handlers),
		cmocka_unit_test(unknown_paths_and_wrong_methods_differ),
		cmocka_unit_test(only_names_of_kept_clips_are_accepted),
	};

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
