/* test_frame_clock.c - what is believed of a driver's time stamps and sequence numbers. */
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

static void gaps_are_lost_frames_also_where_the_number_wraps(void **state)
{
	(void)state;
	assert_int_equal(lost_over((const uint32_t[]){7, 8, 9}, 3), 0);
	assert_int_equal(lost_over((const uint32_t[]){7, 8, 12, 13}, 4), 3);
	assert_int_equal(lost_over((const uint32_t[]){UINT32_MAX, 0, 1}, 3), 0);
	assert_int_equal(lost_over((const uint32_t[]){UINT32_MAX - 1, 1}, 2), 2);
}

static void a_driver_that_does_not_count_or_starts_over_loses_nothing(void **state)
{
	(void)state;
	assert_int_equal(lost_over((const uint32_t[]){0, 0, 0, 0}, 4), 0);
	assert_int_equal(lost_over((const uint32_t[]){500, 501, 0, 1}, 4), 0);
	assert_int_equal(lost_over((const uint32_t[]){5, 0x40000000}, 2), 0);
}

static int64_t stamp(struct frame_clock *clock, int64_t seconds, int64_t rest_us, uint32_t flags, int64_t now_us)
{
	struct v4l2_buffer buffer = {.flags = flags};

	buffer.timestamp.tv_sec = seconds;
	buffer.timestamp.tv_usec = rest_us;
	return frame_clock_timestamp(clock, &buffer, (mono_t){now_us}).us;
}

/* At 1000.5 s, as the first of its stream. */
static int64_t taken(int64_t seconds, int64_t rest_us, uint32_t flags)
{
	struct frame_clock clock = {0};

	return stamp(&clock, seconds, rest_us, flags, 1000500000);
}

static void a_stamp_of_the_last_seconds_is_believed(void **state)
{
	(void)state;
	assert_int_equal(taken(1000, 460000, MONOTONIC), 1000460000);
	assert_int_equal(taken(1000, 500000, MONOTONIC), 1000500000);
	assert_int_equal(taken(996, 0, MONOTONIC), 996000000);
}

static void a_stamp_that_cannot_be_true_becomes_now(void **state)
{
	(void)state;
	assert_int_equal(taken(1000, 500001, MONOTONIC), 1000500000); /* ahead */
	assert_int_equal(taken(1001, 0, MONOTONIC), 1000500000);
	assert_int_equal(taken(995, 499999, MONOTONIC), 1000500000); /* long ago */
	assert_int_equal(taken(0, 0, MONOTONIC), 1000500000);
	assert_int_equal(taken(1779006180, 0, MONOTONIC), 1000500000); /* the wall clock's */
	assert_int_equal(taken(1000, 460000, 0), 1000500000);          /* of no clock that is known */
	assert_int_equal(taken(1000, 460000, V4L2_BUF_FLAG_TIMESTAMP_COPY), 1000500000);
}

static void numbers_beyond_any_clock_become_now(void **state)
{
	(void)state;
	assert_int_equal(taken(INT64_MAX, INT64_MAX, MONOTONIC), 1000500000);
	assert_int_equal(taken(INT64_MIN, INT64_MIN, MONOTONIC), 1000500000);
	assert_int_equal(taken(1000, 1000000, MONOTONIC), 1000500000);
	assert_int_equal(taken(1000, -1, MONOTONIC), 1000500000);
}

static void stamps_always_grow(void **state)
{
	struct frame_clock clock = {0};

	(void)state;
	assert_int_equal(stamp(&clock, 999, 0, MONOTONIC, 1000000000), 999000000);
	assert_int_equal(stamp(&clock, 999, 0, MONOTONIC, 1000000000), 999000001);
	assert_int_equal(stamp(&clock, 998, 0, MONOTONIC, 1000000000), 999000002);
	assert_int_equal(stamp(&clock, 999, 33000, MONOTONIC, 1000000000), 999033000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_lost_frames_also_where_the_number_wraps),
		cmocka_unit_test(a_driver_that_does_not_count_or_starts_over_loses_nothing),
		cmocka_unit_test(a_stamp_of_the_last_seconds_is_believed),
		cmocka_unit_test(a_stamp_that_cannot_be_true_becomes_now),
		cmocka_unit_test(numbers_beyond_any_clock_become_now),
		cmocka_unit_test(stamps_always_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
