/* test_reason.c - sentences for people, and the clocks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"
#include "tests/unit/support/in_range.h"

static void a_sentence_is_set_and_false_returned(void **state)
{
	struct reason why;

	(void)state;
	assert_false(reason_set(&why, "%s: %d", "x", 7));
	assert_string_equal(why.text, "x: 7");
}

static void the_error_is_appended_and_errno_is_kept(void **state)
{
	struct reason why;

	(void)state;
	errno = ENOENT;
	assert_false(reason_errno(&why, "%s", "file"));
	assert_string_equal(why.text, "file: No such file or directory");
	assert_int_equal(errno, ENOENT);
}

static void a_long_sentence_is_cut(void **state)
{
	struct reason why;
	char longer[2000];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	reason_set(&why, "%s", longer);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	errno = EIO;
	reason_errno(&why, "%s", longer);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
}

static void a_sentence_is_one_line_whatever_it_quotes(void **state)
{
	struct reason why;

	(void)state;
	reason_set(&why, "[%s] is unknown", "a\r\n\x1b[2J\x7f");
	assert_string_equal(why.text, "[a???[2J?] is unknown");
	errno = ENOENT;
	reason_errno(&why, "%s", "a\tb");
	assert_string_equal(why.text, "a?b: No such file or directory");
}

static void wall_and_monotonic_time_differ_by_the_offset(void **state)
{
	(void)state;
	int64_t before_us = wall_now().us;
	wall_t mapped = wall_from_mono(mono_now(), clock_offset_us());
	int64_t after_us = wall_now().us;

	assert_int_in_range(mapped.us, before_us - US_PER_S, after_us + US_PER_S);
	mono_t earlier = mono_now();
	assert_true(mono_now().us >= earlier.us);
}

static void the_boot_id_does_not_change(void **state)
{
	static const uint8_t zeros[16];
	uint8_t first[16], second[16];

	(void)state;
	clock_boot_id(first);
	clock_boot_id(second);
	assert_memory_equal(first, second, 16);
	assert_memory_not_equal(first, zeros, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sentence_is_set_and_false_returned),
		cmocka_unit_test(the_error_is_appended_and_errno_is_kept),
		cmocka_unit_test(a_long_sentence_is_cut),
		cmocka_unit_test(a_sentence_is_one_line_whatever_it_quotes),
		cmocka_unit_test(wall_and_monotonic_time_differ_by_the_offset),
		cmocka_unit_test(the_boot_id_does_not_change),
	};

	return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
