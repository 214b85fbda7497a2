/* test_token.c - the token file, and the search for a secret. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/config/token.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct token_list list;
static struct reason why;

static bool parsed(const char *text)
{
	why.text[0] = '\0';
	return token_list_parse(text, strlen(text), &list, &why);
}

static void refused(const char *text, const char *sentence)
{
	if (parsed(text))
		fail_msg("accepted: %s", text);
	if (!strstr(why.text, sentence))
		fail_msg("\"%s\" does not say \"%s\"", why.text, sentence);
	assert_int_equal(list.count, 0);
}

static void the_hash_is_the_sha256_of_the_secret(void **state)
{
	/* FIPS 180-2, appendix B.1 */
	static const uint8_t expected[TOKEN_HASH_BYTES] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
		0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
	uint8_t hash[TOKEN_HASH_BYTES];

	(void)state;
	token_hash("abc", hash);
	assert_memory_equal(hash, expected, sizeof(hash));
}

static void a_written_line_parses_to_the_same_token(void **state)
{
	struct token token = {
		.name = "door-script", .scopes = TOKEN_LIVE | TOKEN_DELETE, .expires = {1810549380 * US_PER_S}};
	char line[TOKEN_LINE_BYTES], text[2 * TOKEN_LINE_BYTES];

	(void)state;
	token_hash("x", token.hash);
	token_line_format(&token, line);
	assert_non_null(strstr(line, " live,delete 2027-05-17T10:23:00Z"));
	snprintf(text, sizeof(text), "; mine\n\n  [tokens]\r\n# more\n\t%s \r\n", line);
	assert_true(parsed(text));
	assert_int_equal(list.count, 1);
	assert_memory_equal(list.tokens[0].hash, token.hash, sizeof(token.hash));
	assert_string_equal(list.tokens[0].name, "door-script");
	assert_int_equal(list.tokens[0].scopes, token.scopes);
	assert_int_equal(list.tokens[0].expires.us, token.expires.us);
	assert_true(token_line_has_name(line, strlen(line), "door-script"));
	assert_false(token_line_has_name(line, strlen(line), "door"));
}

static void a_file_with_anything_else_in_it_is_refused_as_a_whole(void **state)
{
	static const char good[] = "[tokens]\na = " HASH " live 2027-05-17T10:23:00Z\n";
	char text[8192];
	(void)state;
	assert_true(parsed(""));
	assert_true(parsed(good));
	refused("a = " HASH " live 2027-05-17T10:23:00Z\n", "expected [tokens] first");
	refused("[tokens]\na = " HASH " live\n", "line 2");
	refused("[tokens]\na = " HASH " live 2027-05-17T10:23:00Z more\n", "line 2");
	refused("[tokens]\na = " HASH " live,all 2027-05-17T10:23:00Z\n", "line 2");
	refused("[tokens]\na = " HASH " live, 2027-05-17T10:23:00Z\n", "line 2");
	refused("[tokens]\na = " HASH " live now\n", "line 2");
	refused("[tokens]\na = " HASH " live -1d\n", "line 2");
	refused("[tokens]\na = " HASH "0 live 2027-05-17T10:23:00Z\n", "line 2");
	refused("[tokens]\na = X123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef live "
		"2027-05-17T10:23:00Z\n",
		"line 2");
	refused("[tokens]\nA = " HASH " live 2027-05-17T10:23:00Z\n", "line 2");
	refused("[tokens]\n = " HASH " live 2027-05-17T10:23:00Z\n", "line 2");
	refused("[tokens]\n[tokens]\n", "line 2");
	refused("[tokens]\nhello\n", "line 2");
	snprintf(text, sizeof(text), "%s%s", good, good + strlen("[tokens]\n"));
	refused(text, "line 3 is invalid: there is already a token a above");
	memset(text, 'a', 5000);
	text[5000] = '\0';
	refused(text, "longer");
}

static void a_nul_anywhere_is_refused(void **state)
{
	static const char text[] = "[tokens]\0\na = " HASH " live 2027-05-17T10:23:00Z\0\n";
	(void)state;
	assert_false(token_list_parse(text, sizeof(text) - 1, &list, &why));
	assert_false(token_list_parse(text + 10, sizeof(text) - 11, &list, &why));
}

static void too_many_tokens_are_refused(void **state)
{
	static char text[TOKENS_MAX * 128 + 256];
	int length = snprintf(text, sizeof(text), "[tokens]\n");
	(void)state;
	for (int i = 0; i < TOKENS_MAX; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "t%d = " HASH " live 2027-05-17T10:23:00Z\n", i);
	assert_true(parsed(text));
	assert_int_equal(list.count, TOKENS_MAX);
	snprintf(text + length, sizeof(text) - (size_t)length, "more = " HASH " live 2027-05-17T10:23:00Z\n");
	refused(text, "at most");
}

static void only_a_complete_secret_is_valid(void **state)
{
	char secret[TOKEN_SECRET_BYTES + 1] = "";
	uint8_t random[TOKEN_HASH_BYTES] = {0xab, 0xcd};
	(void)state;
	token_secret_format(random, secret);
	assert_true(token_secret_valid(secret));
	strcat(secret, "0");
	assert_false(token_secret_valid(secret));
	secret[TOKEN_SECRET_BYTES - 2] = '\0';
	assert_false(token_secret_valid(secret));
	assert_false(token_secret_valid(""));
	assert_false(token_secret_valid("scr_"));
}

/* A list of `count` tokens, of which number `place` has the hash of that secret. */
static void fill(size_t count, size_t place, const char *secret)
{
	list = (struct token_list){.count = count};
	for (size_t i = 0; i < count; i++)
		memset(list.tokens[i].hash, (int)i, TOKEN_HASH_BYTES);
	if (place < count)
		token_hash(secret, list.tokens[place].hash);
}

static void every_bit_of_a_hash_counts(void **state)
{
	(void)state;
	fill(3, 1, "secret");
	assert_ptr_equal(token_list_find(&list, "secret"), &list.tokens[1]);
	for (size_t bit = 0; bit < 8 * TOKEN_HASH_BYTES; bit++) {
		list.tokens[1].hash[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_null(token_list_find(&list, "secret"));
		list.tokens[1].hash[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_null(token_list_find(&list, "another"));
}

/* Counts the instructions of a search by single-stepping a child. */
static long instructions_of_search(void)
{
	long steps = 0;
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(1);
		raise(SIGSTOP);
		const struct token *volatile found = token_list_find(&list, "secret");
		(void)found;
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, &status, 0);
	while (WIFSTOPPED(status)) {
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 || waitpid(child, &status, 0) != child)
			break;
		if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP)
			break;
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return steps;
}

static void a_search_takes_the_same_time_whatever_it_finds(void **state)
{
	(void)state;
	fill(8, 99, "secret");
	long none = instructions_of_search();
	if (none < 100)
		skip(); /* ptrace is not permitted here */
	fill(8, 7, "secret");
	long last = instructions_of_search();
	list.tokens[7].hash[TOKEN_HASH_BYTES - 1] ^= 1;
	assert_int_equal(instructions_of_search(), none);
	fill(8, 0, "secret");
	assert_int_equal(instructions_of_search(), last);
	list.tokens[0].hash[0] ^= 1;
	assert_int_equal(instructions_of_search(), none);
}

static void a_token_expires_exactly_at_its_time(void **state)
{
	const struct token token = {.expires = {1000}};
	(void)state;
	assert_false(token_is_expired(&token, (wall_t){999}));
	assert_true(token_is_expired(&token, (wall_t){1000}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_is_the_sha256_of_the_secret),
		cmocka_unit_test(a_written_line_parses_to_the_same_token),
		cmocka_unit_test(a_file_with_anything_else_in_it_is_refused_as_a_whole),
		cmocka_unit_test(a_nul_anywhere_is_refused),
		cmocka_unit_test(too_many_tokens_are_refused),
		cmocka_unit_test(only_a_complete_secret_is_valid),
		cmocka_unit_test(every_bit_of_a_hash_counts),
		cmocka_unit_test(a_search_takes_the_same_time_whatever_it_finds),
		cmocka_unit_test(a_token_expires_exactly_at_its_time),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
