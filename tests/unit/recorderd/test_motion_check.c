/* test_motion_check.c - which records of recorder-motion can be true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/motion/child_messages.h"
#include "recorderd/motion/record_check.h"
#include "shared/base/log.h"

static struct captured_seconds captured;

static void note(int64_t from, int64_t to)
{
	for (int64_t second = from; second < to; second++)
		for (int frame = 0; frame < 3; frame++)
			captured_seconds_note(&captured, second);
}

static int forget(void **state)
{
	(void)state;
	captured = (struct captured_seconds){0};
	return 0;
}

static void each_captured_second_is_taken_once_and_in_order(void **state)
{
	(void)state;
	assert_false(captured_seconds_take(&captured, 100));
	note(100, 110);
	assert_true(captured_seconds_take(&captured, 100));
	assert_false(captured_seconds_take(&captured, 100));
	assert_false(captured_seconds_take(&captured, 99));
	assert_false(captured_seconds_take(&captured, 110));
	assert_true(captured_seconds_take(&captured, 105));
	assert_false(captured_seconds_take(&captured, 104));
	assert_true(captured_seconds_take(&captured, 109));
	captured_seconds_note(&captured, 109); /* a frame after its record */
	assert_false(captured_seconds_take(&captured, 109));
}

static void seconds_repeat_if_the_clock_was_set_back(void **state)
{
	(void)state;
	note(100, 110);
	note(105, 120);
	for (int64_t second = 100; second < 110; second++)
		assert_true(captured_seconds_take(&captured, second));
	for (int64_t second = 105; second < 120; second++)
		assert_true(captured_seconds_take(&captured, second));
	assert_int_equal(captured.count, 0);
}

static void seconds_that_have_waited_for_too_long_are_forgotten(void **state)
{
	(void)state;
	note(0, 10 * CAPTURED_SECONDS_MAX);
	assert_false(captured_seconds_take(&captured, 9 * CAPTURED_SECONDS_MAX - 1));
	assert_true(captured_seconds_take(&captured, 9 * CAPTURED_SECONDS_MAX));
	assert_true(captured_seconds_take(&captured, 10 * CAPTURED_SECONDS_MAX - 1));
}

static void a_new_child_may_begin_with_the_newest_second(void **state)
{
	(void)state;
	captured_seconds_restart(&captured);
	assert_int_equal(captured.count, 0);
	note(100, 110);
	assert_true(captured_seconds_take(&captured, 109));
	captured_seconds_restart(&captured);
	assert_false(captured_seconds_take(&captured, 108));
	assert_true(captured_seconds_take(&captured, 109));
}

static struct motion_record true_record(int64_t second)
{
	struct motion_record record = {.second = second, .frames = 5, .moving_cells = 1};

	captured_seconds_note(&captured, second);
	motion_cells_raise(&record.cells, 3, 4, MOTION_CLEAR);
	return record;
}

static bool is_accepted(struct motion_record record)
{
	motion_record_seal(&record, 0);
	return record_check(&record, &captured) == NULL;
}

static void a_true_record_is_accepted(void **state)
{
	struct motion_record record = true_record(100);

	(void)state;
	record.flags = MOTION_DARK | MOTION_FEW_FRAMES;
	assert_true(is_accepted(record));
	assert_false(is_accepted(record)); /* a second time */
	record = true_record(101);
	record.frames = 10;
	assert_true(is_accepted(record));
	record = true_record(102);
	record.cells = (struct motion_cells){0};
	record.moving_cells = 0;
	record.flags = MOTION_LEARNING | MOTION_GLOBAL;
	assert_true(is_accepted(record));
}

static void a_record_that_contradicts_itself_is_refused(void **state)
{
	struct motion_record record;

	(void)state;
#define REFUSED(change)                                                                                                \
	do {                                                                                                           \
		record = true_record(100);                                                                             \
		change;                                                                                                \
		assert_false(is_accepted(record));                                                                     \
	} while (0)
	REFUSED(record.moving_cells = 2);
	REFUSED(record.moving_cells = 0);
	REFUSED(record.pad = 1);
	REFUSED(record.frames = 0);
	REFUSED(record.frames = 11);
	REFUSED(record.flags = MOTION_LEARNING);
	REFUSED(record.flags = MOTION_GLOBAL);
	REFUSED(record.flags = MOTION_COVERED); /* recorderd alone says so */
	REFUSED(record.flags = MOTION_VIEW_CHANGED);
	REFUSED(record.flags = MOTION_BLURRED);
	REFUSED(record.flags = 1u << 7);
	REFUSED(record.second = -1);
	REFUSED(record.second = INT64_MAX);
	REFUSED(record.second = 101);
	assert_true(is_accepted(true_record(100)));
}

static void bytes_that_are_no_record_are_refused(void **state)
{
	struct motion_record record = true_record(100);

	(void)state;
	motion_record_seal(&record, 0);
	for (size_t bit = 0; bit < sizeof(record) * 8; bit++) {
		struct motion_record damaged;

		memcpy(&damaged, &record, sizeof(damaged));
		((uint8_t *)&damaged)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_non_null(record_check(&damaged, &captured));
	}
	motion_record_seal(&record, 7); /* a record of a file */
	assert_non_null(record_check(&record, &captured));
	for (int i = 0; i < 100000; i++) {
		for (size_t k = 0; k < sizeof(record); k++)
			((uint8_t *)&record)[k] = (uint8_t)rand();
		assert_non_null(record_check(&record, &captured));
	}
}

static void the_last_line_of_a_child_is_kept(void **state)
{
	struct child_messages messages = {0};

	(void)state;
	log_set_level(LOG_ERROR);
	child_messages_push(&messages, "first\nsec", 9);
	assert_string_equal(messages.last, "first");
	child_messages_push(&messages, "ond\n\n\n", 6);
	assert_string_equal(messages.last, "second");
	child_messages_push(&messages, "a\0b\n", 4);
	assert_string_equal(messages.last, "a?b");
	child_messages_push(&messages, "2026-05-17 10:23:00.123 error motion: no ring: gone\n", 52);
	assert_string_equal(messages.last, "no ring: gone");
	child_messages_push(&messages, "2026-05-17 10:23:00.123 fatal motion: gone\n", 43);
	assert_string_equal(messages.last, "2026-05-17 10:23:00.123 fatal motion: gone");
	child_messages_push(&messages, "2026-05-17 10:23:00.123 warn \n2026\n", 35);
	assert_string_equal(messages.last, "2026");
	for (int i = 0; i < 100000; i++)
		child_messages_push(&messages, "xxxx", 4);
	assert_int_equal(strlen(messages.last), CHILD_MESSAGE_BYTES - 1);
}

#define CASE(name) cmocka_unit_test_setup(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_captured_second_is_taken_once_and_in_order),
		CASE(seconds_repeat_if_the_clock_was_set_back),
		CASE(seconds_that_have_waited_for_too_long_are_forgotten),
		CASE(a_new_child_may_begin_with_the_newest_second),
		CASE(a_true_record_is_accepted),
		CASE(a_record_that_contradicts_itself_is_refused),
		CASE(bytes_that_are_no_record_are_refused),
		CASE(the_last_line_of_a_child_is_kept),
	};

	return cmocka_run_group_tests_name("motion_check", tests, NULL, NULL);
}
