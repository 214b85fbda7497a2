/* test_ffmpeg_errors.c - the line of FFmpeg's stderr that explains a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "recorderd/ffmpeg/ffmpeg_errors.h"

static struct ffmpeg_errors errors;

static int reset(void **state)
{
	(void)state;
	errors = (struct ffmpeg_errors){0};
	return 0;
}

static void push(const char *text)
{
	ffmpeg_errors_push(&errors, text, strlen(text));
}

static void the_first_line_is_the_reason_and_has_no_address(void **state)
{
	(void)state;
	push("[libx264 @ 0x55d0c2a40e80] width not divisible by 2 (321x191)\n"
	     "Error initializing output stream 0:0\nConversion failed!\n");
	assert_string_equal(ffmpeg_errors_reason(&errors), "libx264: width not divisible by 2 (321x191)");
}

static void a_line_may_come_in_pieces(void **state)
{
	(void)state;
	push("[libx264 @ 0x55d0");
	push("c2a40e80] ");
	assert_string_equal(ffmpeg_errors_reason(&errors), "");
	push("height not divisible\r\nmore\n");
	assert_string_equal(ffmpeg_errors_reason(&errors), "libx264: height not divisible");
}

static void lines_from_before_the_last_frame_are_not_the_reason(void **state)
{
	(void)state;
	push("[mjpeg @ 0x1] overread 8\n");
	ffmpeg_errors_outdated(&errors);
	push("Cannot allocate memory\nConversion failed!\n");
	assert_string_equal(ffmpeg_errors_reason(&errors), "Cannot allocate memory");
}

static void they_are_if_there_are_no_others(void **state)
{
	(void)state;
	push("Broken pipe\n");
	ffmpeg_errors_outdated(&errors);
	assert_string_equal(ffmpeg_errors_reason(&errors), "Broken pipe");
}

static void no_input_overflows(void **state)
{
	static char text[4096];

	(void)state;
	memset(text, '[', sizeof(text));
	ffmpeg_errors_push(&errors, text, sizeof(text));
	push("\n[ @ 0x\n[x @ 0x]\n] @ 0x[\n");
	ffmpeg_errors_push(&errors, "\0\0\n", 3);
	assert_int_equal(strlen(ffmpeg_errors_reason(&errors)), FFMPEG_ERROR_BYTES - 1);
	assert_string_equal(errors.last, "??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_line_is_the_reason_and_has_no_address, reset),
		cmocka_unit_test_setup(a_line_may_come_in_pieces, reset),
		cmocka_unit_test_setup(lines_from_before_the_last_frame_are_not_the_reason, reset),
		cmocka_unit_test_setup(they_are_if_there_are_no_others, reset),
		cmocka_unit_test_setup(no_input_overflows, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
