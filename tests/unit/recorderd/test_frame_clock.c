/* test_frame_clock.c - which timestamps and sequence numbers of a driver are used: recorderd/source/frame_clock.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorderd/source/frame_clock.h"

#define MONOTONIC V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC

static uint32_t lost_over(const uint32_t *sequences, size_t count)
{
	struct frame_clock clock = {0};
	uint32_t lost = 0;

	for (size_t i = 0; i < count; i++)
		lost += frame_clock_count_lost(&clock, sequences[i]);
	return lost;
}

static void gaps_are_lost_frames_even_across_a_wrap_around(void **state)
{
	(void)state;
	assert_int_equal(lost_over((const uint32_t[]){7, 8, 9}, 3), 0);
	assert_int_equal(lost_over((const uint32_t[]){7, 8, 12, 13}, 4), 3);
	assert_int_equal(lost_over((const uint32_t[]){UINT32_MAX, 0, 1}, 3), 0);
	assert_int_equal(lost_over((const uint32_t[]){UINT32_MAX - 1, 1}, 2), 2);
}

static void a_driver_that_does_not_count_or_restarts_loses_nothing(void **state)
{
	(void)state;
	assert_int_equal(lost_over((const uint32_t[]){0, 0, 0, 0}, 4), 0);
	assert_int_equal(lost_over((const uint32_t[]){500, 501, 0, 1}, 4), 0);
	assert_int_equal(lost_over((const uint32_t[]){5, 0x40000000}, 2), 0);
}

static int64_t timestamp(struct frame_clock *clock, int64_t seconds, int64_t rest_us, uint32_t flags, int64_t now_us)
{
	struct v4l2_buffer buffer = {.flags = flags};

	buffer.timestamp.tv_sec = seconds;
	buffer.timestamp.tv_usec = rest_us;
	return frame_clock_timestamp(clock, &buffer, (mono_t){now_us}).us;
}

/* The result for the first frame of a stream, at 1000.5 s. */
static int64_t first_timestamp(int64_t seconds, int64_t rest_us, uint32_t flags)
{
	struct frame_clock clock = {0};

	return timestamp(&clock, seconds, rest_us, flags, 1000500000);
}

static void a_recent_time_stamp_is_used(void **state)
{
	(void)state;
	assert_int_equal(first_timestamp(1000, 460000, MONOTONIC), 1000460000);
	assert_int_equal(first_timestamp(1000, 500000, MONOTONIC), 1000500000);
	assert_int_equal(first_timestamp(996, 0, MONOTONIC), 996000000);
}

static void an_impossible_time_stamp_becomes_now(void **state)
{
	(void)state;
	assert_int_equal(first_timestamp(1000, 500001, MONOTONIC), 1000500000); /* in the future */
	assert_int_equal(first_timestamp(1001, 0, MONOTONIC), 1000500000);
	assert_int_equal(first_timestamp(995, 499999, MONOTONIC), 1000500000); /* too old */
	assert_int_equal(first_timestamp(0, 0, MONOTONIC), 1000500000);
	assert_int_equal(first_timestamp(1779006180, 0, MONOTONIC), 1000500000); /* of the wall clock */
	assert_int_equal(first_timestamp(1000, 460000, 0), 1000500000);          /* of an unknown clock */
	assert_int_equal(first_timestamp(1000, 460000, V4L2_BUF_FLAG_TIMESTAMP_COPY), 1000500000);
}

static void absurd_numbers_become_now(void **state)
{
	(void)state;
	assert_int_equal(first_timestamp(INT64_MAX, INT64_MAX, MONOTONIC), 1000500000);
	assert_int_equal(first_timestamp(INT64_MIN, INT64_MIN, MONOTONIC), 1000500000);
	assert_int_equal(first_timestamp(1000, 1000000, MONOTONIC), 1000500000);
	assert_int_equal(first_timestamp(1000, -1, MONOTONIC), 1000500000);
}

static void time_stamps_always_increase(void **state)
{
	struct frame_clock clock = {0};

	(void)state;
	assert_int_equal(timestamp(&clock, 999, 0, MONOTONIC, 1000000000), 999000000);
	assert_int_equal(timestamp(&clock, 999, 0, MONOTONIC, 1000000000), 999000001);
	assert_int_equal(timestamp(&clock, 999, 33000, MONOTONIC, 1000000000), 999033000);
}

/* The span of 90 frames of a camera of 30 fps whose timestamps are `pace` percent of what they should be. */
static int64_t span_at_pace(int64_t percent, bool *distrusted)
{
	struct frame_clock clock = {0};
	int64_t first_us = 0, at_us = 0;

	for (int64_t i = 0; i < 90; i++) {
		int64_t now_us = 1000000000 + i * 33333, claim_us = 1000000000 - 5000 + i * 33333 * percent / 100;

		at_us = timestamp(&clock, claim_us / 1000000, claim_us % 1000000, MONOTONIC, now_us);
		first_us = i == 0 ? at_us : first_us;
	}
	*distrusted = clock.distrusted;
	return at_us - first_us;
}

static void time_stamps_that_do_not_follow_the_clock_are_ignored(void **state)
{
	static const int64_t paces[] = {0, -100, 1, 10, 50};
	bool distrusted;

	(void)state;
	for (size_t i = 0; i < sizeof(paces) / sizeof(paces[0]); i++) {
		assert_in_range(span_at_pace(paces[i], &distrusted), 89 * 33333, 89 * 33333 + 6000);
		assert_true(distrusted);
	}
	assert_int_equal(span_at_pace(100, &distrusted), 89 * 33333);
	assert_false(distrusted);
}

/* 8 buffers were filled while the event loop was blocked for 3 s. Twin timestamps come from coarse clocks. */
static void late_frames_and_equal_pairs_are_trusted(void **state)
{
	struct frame_clock clock = {0};

	(void)state;
	assert_int_equal(timestamp(&clock, 1000, 0, MONOTONIC, 1000010000), 1000000000);
	for (int64_t i = 1; i <= 8; i++)
		assert_int_equal(timestamp(&clock, 1000, i * 33000, MONOTONIC, 1003000000), 1000000000 + i * 33000);
	assert_int_equal(timestamp(&clock, 1003, 10000, MONOTONIC, 1003020000), 1003010000);
	for (int64_t i = 0; i < 20; i++) {
		int64_t at_us = 1003020000 + i * 20000;
		assert_int_equal(timestamp(&clock, 1003, at_us % 1000000, MONOTONIC, at_us + 10000), at_us);
		assert_int_equal(timestamp(&clock, 1003, at_us % 1000000, MONOTONIC, at_us + 20000), at_us + 1);
	}
	assert_false(clock.distrusted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_lost_frames_even_across_a_wrap_around),
		cmocka_unit_test(a_driver_that_does_not_count_or_restarts_loses_nothing),
		cmocka_unit_test(a_recent_time_stamp_is_used),
		cmocka_unit_test(an_impossible_time_stamp_becomes_now),
		cmocka_unit_test(absurd_numbers_become_now),
		cmocka_unit_test(time_stamps_always_increase),
		cmocka_unit_test(time_stamps_that_do_not_follow_the_clock_are_ignored),
		cmocka_unit_test(late_frames_and_equal_pairs_are_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
