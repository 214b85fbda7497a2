/* test_time_parse.c - times as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "shared/text/time_text.h"

#define NOW_US INT64_C(1779006180750000) /* 2026-05-17T08:23:00.750Z */

static const wall_t now = {NOW_US};

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static enum time_status parse(const char *text, enum time_side side, struct time_point *out)
{
	return time_parse(text, strlen(text), side, now, out);
}

static int64_t parsed_us(const char *text, enum time_side side)
{
	struct time_point point;

	if (parse(text, side, &point) != TIME_OK)
		fail_msg("refused: %s", text);
	return point.at.us;
}

static void refuses(const char *text, enum time_status status)
{
	struct time_point point;
	enum time_status got = parse(text, TIME_FROM, &point);

	if (got != status)
		fail_msg("\"%s\": %d instead of %d", text, (int)got, (int)status);
}

static void every_form_of_one_moment_is_that_moment(void **state)
{
	static const char *const forms[] = {
		"20260517_102300",
		"20260517_102300_000",
		"2026-05-17T10:23:00",
		"2026-05-17t10:23:00",
		"2026-05-17 10:23:00",
		"2026-05-17T10:23:00.000000",
		"2026-05-17T08:23:00Z",
		"2026-05-17T08:23:00.0z",
		"2026-05-17T10:23:00+02:00",
		"2026-05-17T10:23:00+0200",
		"2026-05-17T10:23:00+02",
		"2026-05-17T10:23:00 02:00",
		"2026-05-17 10:23:00 0200",
		"2026-05-17T10:23:00 +02:00",
		"2026-05-17T10:23",
		"2026-5-17T10:23:00",
		"2026/05/17 10:23:00",
		"17.05.2026 10:23",
		"20260517_1023",
		" 20260517_102300 ",
		"2026-05-17T05:53:00.000-02:30",
		"2026-05-18T08:22:00+23:59",
		"1779006180",
		"1779006180 ",
		"1779006180.0",
		"0001779006180.000000000",
	};

	(void)state;
	set_zone("Europe/Berlin");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (parsed_us(forms[i], TIME_FROM) != INT64_C(1779006180000000))
			fail_msg("%s", forms[i]);
}

static void fractions_are_floored_to_microseconds(void **state)
{
	(void)state;
	set_zone("UTC");
	assert_int_equal(parsed_us("20260517_082300_123", TIME_FROM), INT64_C(1779006180123000));
	assert_int_equal(parsed_us("2026-05-17T08:23:00.5", TIME_FROM), INT64_C(1779006180500000));
	assert_int_equal(parsed_us("2026-05-17T08:23:00.000001Z", TIME_FROM), INT64_C(1779006180000001));
	assert_int_equal(parsed_us("1779006180.123456999", TIME_FROM), INT64_C(1779006180123456));
}

static void now_and_times_counted_from_it_are_relative(void **state)
{
	struct time_point point;

	(void)state;
	assert_int_equal(parse("now", TIME_TO, &point), TIME_OK);
	assert_int_equal(point.at.us, NOW_US);
	assert_true(point.relative && point.is_now);

	assert_int_equal(parse("-90s", TIME_FROM, &point), TIME_OK);
	assert_int_equal(point.at.us, INT64_C(1779006090000000)); /* from the floored second */
	assert_true(point.relative && !point.is_now);

	assert_int_equal(parsed_us("-5m", TIME_FROM), INT64_C(1779005880000000));
	assert_int_equal(parsed_us("-2h", TIME_FROM), INT64_C(1778998980000000));
	assert_int_equal(parsed_us("-1d", TIME_FROM), INT64_C(1778919780000000));
	assert_int_equal(parsed_us("-0.5s", TIME_FROM), INT64_C(1779006179500000));
	assert_int_equal(parsed_us("-1.5h", TIME_FROM), INT64_C(1779000780000000));

	assert_int_equal(parse("20260517_102300", TIME_FROM, &point), TIME_OK);
	assert_true(!point.relative && !point.is_now);
}

static void malformed_times_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"nowx",
		"20260517",
		"20260517_",
		"20260517_102300_",
		"20260517_102300_12",
		"20260517_102300_1234",
		"20260517_102300x",
		"20260517-102300",
		"2026-05-17T",
		"2026-05-17T10:23:0",
		"2026-05-17T10:23:00.",
		"2026-05-17T10:23:00.1234567890",
		"2026-05-17T10:23:00,5",
		"2026-05-17T10:23:00Zx",
		"2026-05-17T10:23:00+",
		"2026-05-17T10:23:00+2",
		"2026-05-17T10:23:00+02:",
		"2026-05-17T10:23:00+02:0",
		"2026-05-17T10:23:00+02:60",
		"2026-05-17T10:23:00+24:00",
		"2026-05-17T10:23:00+02:00x",
		"-",
		"-90",
		"-s",
		"-90x",
		"-90ss",
		"--90s",
		"-.5s",
		"-1e3s",
		"+90s",
		"1779006180.",
		".5",
		"1e9",
		"0x10",
		"inf",
		"nan",
		"1779006180s",
		"20260517_1023\xd9\xa0\xd9\xa0",
	};

	(void)state;
	set_zone("Europe/Berlin");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuses(texts[i], TIME_MALFORMED);
}

static void days_and_hours_that_do_not_exist_are_reported(void **state)
{
	static const char *const texts[] = {
		"20260231_102300", "20260229_102300",      "20260431_102300",      "20261301_102300", "20260017_102300",
		"20260500_102300", "20260517_250000",      "20260517_240000",      "20260517_106000", "20260517_102360",
		"21000229_102300", "2026-02-31T10:23:00Z", "2026-05-17T25:23:00Z",
	};

	(void)state;
	set_zone("Europe/Berlin");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		refuses(texts[i], TIME_INVALID_FIELD);
}

static void times_before_1970_and_after_2200_are_out_of_range(void **state)
{
	(void)state;
	set_zone("UTC");
	refuses("19691231_235959", TIME_OUT_OF_RANGE);
	refuses("0000-01-01T00:00:00Z", TIME_OUT_OF_RANGE);
	refuses("0000-01-01T00:00:00", TIME_OUT_OF_RANGE);
	refuses("1970-01-01T00:00:00+00:01", TIME_OUT_OF_RANGE);
	refuses("22010101_000000", TIME_OUT_OF_RANGE);
	refuses("9999-12-31T23:59:59Z", TIME_OUT_OF_RANGE);
	refuses("1779006180000", TIME_OUT_OF_RANGE); /* milliseconds */
	refuses("99999999999999999999999999999999999999", TIME_OUT_OF_RANGE);
	refuses("-99999999999999999999999999999999999999d", TIME_OUT_OF_RANGE);
	refuses("-9223372036854775808s", TIME_OUT_OF_RANGE);
	refuses("-60000d", TIME_OUT_OF_RANGE);
	assert_int_equal(parsed_us("0", TIME_FROM), 0);
	assert_int_equal(parsed_us("22001231_235959_999", TIME_FROM), INT64_C(7289654399999000));
}

static void the_length_counts_and_a_nul_is_not_the_end(void **state)
{
	static const char with_nul[] = "20260517_102300\0now";
	static char huge[20000];
	struct time_point point;

	(void)state;
	set_zone("Europe/Berlin");
	assert_int_equal(time_parse(with_nul, 15, TIME_FROM, now, &point), TIME_OK);
	assert_int_equal(time_parse(with_nul, 16, TIME_FROM, now, &point), TIME_MALFORMED);
	assert_int_equal(time_parse(with_nul, sizeof(with_nul) - 1, TIME_FROM, now, &point), TIME_MALFORMED);
	assert_int_equal(time_parse("now\0", 4, TIME_FROM, now, &point), TIME_MALFORMED);
	assert_int_equal(time_parse("-90\0", 4, TIME_FROM, now, &point), TIME_MALFORMED);
	assert_int_equal(time_parse("2026-05-17\0 10:23:00", 19, TIME_FROM, now, &point), TIME_MALFORMED);
	memset(huge, '9', sizeof(huge));
	assert_int_equal(time_parse(huge, sizeof(huge), TIME_FROM, now, &point), TIME_MALFORMED);
	assert_int_equal(time_parse(NULL, 0, TIME_FROM, now, &point), TIME_MALFORMED);
}

/* The parser does not read past the text, even without a terminator. The sanitizers watch the end of the heap block. */
static void no_prefix_of_a_time_is_read_past_its_end(void **state)
{
	static const char *const whole[] = {"20260517_102300_123", "2026-05-17T10:23:00.123456+02:00", "-90.5s", "now",
					    "1779006180.5"};

	(void)state;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
		for (size_t length = 1; length < strlen(whole[i]); length++) {
			struct time_point point;
			char *edge = malloc(length);
			assert_non_null(edge);
			memcpy(edge, whole[i], length);
			(void)time_parse(edge, length, TIME_FROM, now, &point);
			free(edge);
		}
	}
}

static void in_the_repeated_hour_from_is_the_first_and_to_the_second(void **state)
{
	(void)state;
	set_zone("Europe/Berlin");
	assert_int_equal(parsed_us("20261025_023000", TIME_FROM), parsed_us("2026-10-25T00:30:00Z", TIME_FROM));
	assert_int_equal(parsed_us("20261025_023000", TIME_TO), parsed_us("2026-10-25T01:30:00Z", TIME_FROM));
	assert_int_equal(parsed_us("2026-10-25T02:30:00+01:00", TIME_FROM), parsed_us("20261025_023000", TIME_TO));
	assert_int_equal(parsed_us("20261025_015959", TIME_FROM), parsed_us("20261025_015959", TIME_TO));
	assert_int_equal(parsed_us("20261025_030000", TIME_FROM), parsed_us("20261025_030000", TIME_TO));

	set_zone("America/New_York");
	assert_int_equal(parsed_us("20261101_013000", TIME_FROM), parsed_us("2026-11-01T05:30:00Z", TIME_FROM));
	assert_int_equal(parsed_us("20261101_013000", TIME_TO), parsed_us("2026-11-01T06:30:00Z", TIME_FROM));

	set_zone("Australia/Lord_Howe"); /* repeats only half an hour */
	assert_int_equal(parsed_us("20260405_014500", TIME_FROM), parsed_us("2026-04-04T14:45:00Z", TIME_FROM));
	assert_int_equal(parsed_us("20260405_014500", TIME_TO), parsed_us("2026-04-04T15:15:00Z", TIME_FROM));
	assert_int_equal(parsed_us("20260405_012959", TIME_FROM), parsed_us("20260405_012959", TIME_TO));

	set_zone("UTC");
	assert_int_equal(parsed_us("20261025_023000", TIME_FROM), parsed_us("20261025_023000", TIME_TO));
}

static void the_hour_that_spring_skips_is_reported(void **state)
{
	(void)state;
	set_zone("Europe/Berlin");
	refuses("20260329_020000", TIME_SKIPPED_HOUR);
	refuses("20260329_025959_999", TIME_SKIPPED_HOUR);
	refuses("2026-03-29T02:30:00", TIME_SKIPPED_HOUR);
	assert_int_equal(parsed_us("2026-03-29T02:30:00Z", TIME_FROM), parsed_us("20260329_043000", TIME_FROM));
	assert_int_equal(parsed_us("20260329_030000", TIME_FROM) - parsed_us("20260329_015959", TIME_FROM), US_PER_S);

	set_zone("America/New_York");
	refuses("20260308_023000", TIME_SKIPPED_HOUR);

	set_zone("Australia/Lord_Howe");
	refuses("20261004_021500", TIME_SKIPPED_HOUR);
	assert_int_equal(parsed_us("20261004_023000", TIME_FROM) - parsed_us("20261004_015959", TIME_FROM), US_PER_S);

	set_zone("Pacific/Apia"); /* skipped 30 December 2011 */
	refuses("20111230_120000", TIME_SKIPPED_HOUR);
	assert_int_equal(parsed_us("20111231_000000", TIME_FROM) - parsed_us("20111229_235959", TIME_FROM), US_PER_S);
}

static void a_leap_day_is_a_day(void **state)
{
	(void)state;
	set_zone("UTC");
	assert_int_equal(parsed_us("20280229_000000", TIME_FROM), INT64_C(1835395200000000));
	assert_int_equal(parsed_us("20000229_000000", TIME_FROM), INT64_C(951782400000000));
}

static void a_duration_is_a_positive_number_with_or_without_unit(void **state)
{
	static const char *const wrong[] = {"", "0", "0s", "-5", "5 m", "m", "1.", "1.5.5", "5y", "5ms", "five"};
	int64_t us;

	(void)state;
	assert_int_equal(time_parse_duration("18", 2, &us), TIME_OK);
	assert_int_equal(us, 18 * US_PER_S);
	assert_int_equal(time_parse_duration("18s", 3, &us), TIME_OK);
	assert_int_equal(us, 18 * US_PER_S);
	assert_int_equal(time_parse_duration("1.5", 3, &us), TIME_OK);
	assert_int_equal(us, 1500000);
	assert_int_equal(time_parse_duration("0.000001", 8, &us), TIME_OK);
	assert_int_equal(us, 1);
	assert_int_equal(time_parse_duration("5m", 2, &us), TIME_OK);
	assert_int_equal(us, 300 * US_PER_S);
	assert_int_equal(time_parse_duration("2h", 2, &us), TIME_OK);
	assert_int_equal(us, 7200 * US_PER_S);
	assert_int_equal(time_parse_duration("1d", 2, &us), TIME_OK);
	assert_int_equal(us, 86400 * US_PER_S);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(time_parse_duration(wrong[i], strlen(wrong[i]), &us), TIME_MALFORMED);
	assert_int_equal(time_parse_duration("99999999999999999999", 20, &us), TIME_OUT_OF_RANGE);
	assert_int_equal(time_parse_duration("99999999999d", 12, &us), TIME_OUT_OF_RANGE);
}

static void every_status_has_a_message(void **state)
{
	(void)state;
	assert_non_null(strstr(time_status_message(TIME_MALFORMED), "YYYYMMDD_HHMMSS"));
	assert_non_null(strstr(time_status_message(TIME_AMBIGUOUS), "two ways"));
	assert_non_null(strstr(time_status_message(TIME_INVALID_FIELD), "does not exist"));
	assert_non_null(strstr(time_status_message(TIME_SKIPPED_HOUR), "went forward"));
	assert_non_null(strstr(time_status_message(TIME_OUT_OF_RANGE), "1970"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_one_moment_is_that_moment),
		cmocka_unit_test(fractions_are_floored_to_microseconds),
		cmocka_unit_test(now_and_times_counted_from_it_are_relative),
		cmocka_unit_test(malformed_times_are_refused),
		cmocka_unit_test(days_and_hours_that_do_not_exist_are_reported),
		cmocka_unit_test(times_before_1970_and_after_2200_are_out_of_range),
		cmocka_unit_test(the_length_counts_and_a_nul_is_not_the_end),
		cmocka_unit_test(no_prefix_of_a_time_is_read_past_its_end),
		cmocka_unit_test(in_the_repeated_hour_from_is_the_first_and_to_the_second),
		cmocka_unit_test(the_hour_that_spring_skips_is_reported),
		cmocka_unit_test(a_leap_day_is_a_day),
		cmocka_unit_test(a_duration_is_a_positive_number_with_or_without_unit),
		cmocka_unit_test(every_status_has_a_message),
	};

	return cmocka_run_group_tests_name("time_parse", tests, NULL, NULL);
}
