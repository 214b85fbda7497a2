/* test_program_words.c - a command of the .ini becomes words, without a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/program/program_words.h"

static struct program_words words;
static struct reason why;

static void blanks_separate_words_and_nothing_else_is_special(void **state)
{
	static const char *const expected[] = {"/bin/x", "-o", "\"a", "b\"", "$HOME", "*", "|", "cat"};

	(void)state;
	assert_true(program_words_split(&words, "  /bin/x -o\t\"a b\"  $HOME * | cat ", &why));
	for (size_t i = 0; i < 8; i++)
		assert_string_equal(words.argv[i], expected[i]);
	assert_null(words.argv[8]);
}

static void an_empty_command_and_too_many_words_are_refused(void **state)
{
	char many[2 * PROGRAM_WORDS_MAX + 3] = "";

	(void)state;
	assert_false(program_words_split(&words, " \t ", &why));
	for (size_t i = 0; i < PROGRAM_WORDS_MAX; i++)
		strcat(many, "x ");
	assert_true(program_words_split(&words, many, &why));
	strcat(many, "x");
	assert_false(program_words_split(&words, many, &why));
	assert_string_equal(why.text, "the command has too many arguments; at most 63 are allowed");
}

static void a_name_is_searched_in_the_folders_of_the_system(void **state)
{
	(void)state;
	assert_true(program_words_split(&words, "sh -c x", &why));
	assert_true(program_words_find(&words, &why));
	assert_true(words.argv[0][0] == '/');
	assert_string_equal(strrchr(words.argv[0], '/'), "/sh");
	assert_string_equal(words.argv[1], "-c");
	assert_true(program_words_split(&words, "no-such-program-here", &why));
	assert_false(program_words_find(&words, &why));
}

static void an_absolute_path_stays_and_a_relative_one_is_refused(void **state)
{
	(void)state;
	assert_true(program_words_split(&words, "/no/such x", &why));
	assert_true(program_words_find(&words, &why));
	assert_string_equal(words.argv[0], "/no/such");
	assert_true(program_words_split(&words, "bin/sh", &why));
	assert_false(program_words_find(&words, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate_words_and_nothing_else_is_special),
		cmocka_unit_test(an_empty_command_and_too_many_words_are_refused),
		cmocka_unit_test(a_name_is_searched_in_the_folders_of_the_system),
		cmocka_unit_test(an_absolute_path_stays_and_a_relative_one_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
