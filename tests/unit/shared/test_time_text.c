/* test_time_text.c - formatted times, which parse to the same time again. */
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

static int64_t parsed_us(const char *text, enum time_side side)
{
	struct time_point point;

	if (time_parse(text, strlen(text), side, now, &point) != TIME_OK)
		fail_msg("refused: %s", text);
	return point.at.us;
}

static void a_time_in_words_has_a_date_if_it_is_not_of_today(void **state)
{
	char words[TIME_WORDS_BYTES];

	(void)state;
	set_zone("Europe/Berlin");
	time_format_words((wall_t){NOW_US + 999999}, now, words);
	assert_string_equal(words, "10:23:01");
	time_format_words((wall_t){NOW_US - 11 * 3600 * US_PER_S}, now, words);
	assert_string_equal(words, "2026-05-16 23:23:00");
	time_format_words((wall_t){NOW_US + 365 * 24 * 3600 * US_PER_S}, now, words);
	assert_string_equal(words, "2027-05-17 10:23:00");
	set_zone("UTC"); /* the same day there */
	time_format_words((wall_t){NOW_US - 8 * 3600 * US_PER_S}, now, words);
	assert_string_equal(words, "00:23:00");
}

static void formats_are_floored_and_have_the_offset(void **state)
{
	char compact[TIME_COMPACT_BYTES], iso[TIME_ISO_BYTES];

	(void)state;
	set_zone("Europe/Berlin");
	time_format_compact(now, compact);
	assert_string_equal(compact, "20260517_102300");
	time_format_iso((wall_t){NOW_US + 999}, iso);
	assert_string_equal(iso, "2026-05-17T10:23:00.750+02:00");
	time_format_iso_us((wall_t){NOW_US + 999}, iso);
	assert_string_equal(iso, "2026-05-17T10:23:00.750999+02:00");
	assert_int_equal(time_utc_offset_s(now), 7200);

	set_zone("America/St_Johns");
	time_format_iso(now, iso);
	assert_string_equal(iso, "2026-05-17T05:53:00.750-02:30");
	assert_int_equal(time_utc_offset_s(now), -9000);

	set_zone("UTC");
	time_format_iso((wall_t){0}, iso);
	assert_string_equal(iso, "1970-01-01T00:00:00.000+00:00");
	time_format_iso((wall_t){-1}, iso);
	assert_string_equal(iso, "1969-12-31T23:59:59.999+00:00");
	assert_int_equal(time_floor_second(now).us, INT64_C(1779006180000000));
	assert_int_equal(time_floor_second((wall_t){-1}).us, -US_PER_S);
}

static void extreme_times_fit_their_texts(void **state)
{
	static const int64_t far[] = {INT64_MIN, INT64_MAX};
	char compact[TIME_COMPACT_BYTES], iso[TIME_ISO_BYTES];

	(void)state;
	set_zone("Europe/Berlin");
	for (size_t i = 0; i < 2; i++) {
		time_format_compact((wall_t){far[i]}, compact);
		assert_true(strlen(compact) < sizeof(compact));
		time_format_iso((wall_t){far[i]}, iso);
		assert_true(strlen(iso) < sizeof(iso));
	}
}

/* In every zone and at every change of the clocks. */
static void formatted_times_parse_to_the_same_time(void **state)
{
	static const char *const zones[] = {
		"UTC",          "Europe/Berlin",     "America/New_York", "Australia/Lord_Howe",
		"Asia/Kolkata", "Africa/Casablanca", "Pacific/Apia",     "America/St_Johns"};
	uint64_t random = 42;

	(void)state;
	for (size_t zone = 0; zone < sizeof(zones) / sizeof(zones[0]); zone++) {
		set_zone(zones[zone]);
		for (int i = 0; i < 5000; i++) {
			char compact[TIME_COMPACT_BYTES], iso[TIME_ISO_BYTES];

			random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			int64_t at_us = (int64_t)(random >> 20) % (INT64_C(7258118400) * US_PER_S);
			time_format_iso_us((wall_t){at_us}, iso);
			assert_int_equal(parsed_us(iso, TIME_FROM), at_us);
			at_us -= at_us % US_PER_MS;
			time_format_iso((wall_t){at_us}, iso);
			assert_int_equal(parsed_us(iso, TIME_FROM), at_us);

			*strpbrk(iso + 10, "+-") =
				' '; /* what URL decoding makes of a plus; a minus changes the time */
			if (time_utc_offset_s((wall_t){at_us}) >= 0)
				assert_int_equal(parsed_us(iso, TIME_TO), at_us);

			time_format_compact((wall_t){at_us}, compact);
			snprintf(compact + 15, sizeof(compact) - 15, "_%03d", (int)(at_us / US_PER_MS % 1000));
			int64_t first_us = parsed_us(compact, TIME_FROM), second_us = parsed_us(compact, TIME_TO);
			assert_true(first_us <= second_us);
			assert_true(first_us == at_us || second_us == at_us);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_in_words_has_a_date_if_it_is_not_of_today),
		cmocka_unit_test(formats_are_floored_and_have_the_offset),
		cmocka_unit_test(extreme_times_fit_their_texts),
		cmocka_unit_test(formatted_times_parse_to_the_same_time),
	};

	return cmocka_run_group_tests_name("time_text", tests, NULL, NULL);
}
