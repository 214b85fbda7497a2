/*
 * fuzz_token.c - the token file.
 *
 * A file that is accepted has names, scopes and times in range, each name once, and is the same after writing it. A
 * refusal has a reason and leaves no token.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "shared/config/token.h"

static struct token_list list, again;

static void check(const struct token *token)
{
	char text[sizeof(TOKENS_SECTION) + TOKEN_LINE_BYTES] = TOKENS_SECTION "\n", *line = text + strlen(text);
	struct reason why;

	holds(token_name_valid(token->name) && token_list_find_by_name(&list, token->name) == token);
	holds(token->scopes > 0 && token->scopes < 16 && token->expires.us >= 0);
	token_line_format(token, line);
	holds(token_line_has_name(line, strlen(line), token->name));
	holds(token_list_parse(text, strlen(text), &again, &why) && again.count == 1);
	holds(memcmp(again.tokens[0].hash, token->hash, TOKEN_HASH_BYTES) == 0);
	holds(again.tokens[0].expires.us / US_PER_S == token->expires.us / US_PER_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *text = input_copy(data, size);
	struct reason why = {""};
	bool taken = token_list_parse((const char *)text, size, &list, &why);

	holds(taken || (why.text[0] != '\0' && list.count == 0));
	holds(list.count <= TOKENS_MAX);
	for (size_t i = 0; i < list.count; i++)
		check(&list.tokens[i]);
	free(text);
	return 0;
}
