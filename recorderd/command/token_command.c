/* token_command.c - creates, lists and removes tokens from the command line. */
#include "recorderd/command/token_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "recorderd/command/token_edit.h"
#include "shared/config/token_file.h"
#include "shared/net/origin.h"

#define DAYS_MAX 36500
#define DAY_US   (86400 * US_PER_S)

/* Prints the error, if there was one, and returns the exit status. */
static int finish(bool ok, const struct reason *why)
{
	if (!ok)
		fprintf(stderr, "recorderd: %s\n", why->text);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool days_parse(const char *text, int64_t *days, struct reason *why)
{
	char *end;

	*days = TOKEN_DAYS;
	if (!text)
		return true;
	*days = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || *days < 1 || *days > DAYS_MAX)
		return reason_set(why, "--days %.20s is invalid; expected a whole number from 1 to %d", text, DAYS_MAX);
	return true;
}

/* Fills in everything of the token but its secret. */
static bool token_set(const char *name, const char *scopes, const char *days_text, struct token *out,
		      struct reason *why)
{
	*out = (struct token){0};
	if (!token_name_valid(name))
		return reason_set(
			why,
			"\"%.40s\" is not a valid name for a token; use at most %d characters of a-z 0-9 _ -, "
			"not beginning with -",
			name, TOKEN_NAME_BYTES - 1);
	if (!scopes || !token_scopes_parse(scopes, &out->scopes))
		return reason_set(why, "--scope must be one or more of live, footage, control and delete, separated by "
				       "commas");

	int64_t days;

	if (!days_parse(days_text, &days, why))
		return false;
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->expires.us = wall_now().us + days * DAY_US;
	return true;
}

static bool secret_make(struct token *token, char secret[TOKEN_SECRET_BYTES], struct reason *why)
{
	uint8_t random[TOKEN_HASH_BYTES];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return reason_errno(why, "getrandom failed");
	token_secret_format(random, secret);
	token_hash(secret, token->hash);
	return true;
}

int token_command_new(const struct config *config, const char *name, const char *scopes, const char *days)
{
	char secret[TOKEN_SECRET_BYTES], expires[TOKEN_TIME_BYTES];
	struct token token;
	struct reason why;
	bool added = token_set(name, scopes, days, &token, &why) && secret_make(&token, secret, &why) &&
		     token_edit_add(config->http.tokens, config->file, &token, &why);

	if (added) {
		token_time_format(token.expires, expires);
		fprintf(stderr,
			"Token %s, valid until %s. It is shown only once. Send it in the header Authorization: Bearer "
			"TOKEN.\n",
			name, expires);
		puts(secret);
	}
	return finish(added, &why);
}

static void print_tokens(const struct token_list *list)
{
	wall_t now = wall_now();

	for (size_t i = 0; i < list->count; i++) {
		const struct token *token = &list->tokens[i];
		char scopes[TOKEN_SCOPES_BYTES], expires[TOKEN_TIME_BYTES];

		token_scopes_format(token->scopes, scopes);
		token_time_format(token->expires, expires);
		printf("%-*s %-*s %s%s\n", TOKEN_NAME_BYTES - 1, token->name, TOKEN_SCOPES_BYTES - 1, scopes, expires,
		       token_is_expired(token, now) ? " expired" : "");
	}
}

int token_command_list(const struct config *config)
{
	struct token_list list = {0};
	struct reason why;
	bool ok = true;
	int fd = token_file_open(config->http.tokens);

	if (fd >= 0) {
		ok = token_file_read(fd, config->http.tokens, &list, &why);
		close(fd);
	} else if (errno != ENOENT) {
		ok = reason_errno(&why, "%s: cannot open the token file", config->http.tokens);
	}
	if (ok && list.count == 0)
		fprintf(stderr, "There are no tokens in %s.\n", config->http.tokens);
	print_tokens(&list);
	return finish(ok, &why);
}

int token_command_remove(const struct config *config, const char *name)
{
	struct reason why;

	return finish(token_edit_remove(config->http.tokens, name, &why), &why);
}

static bool has_valid_token(const struct token_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!token_is_expired(&list->tokens[i], wall_now()))
			return true;
	return false;
}

bool token_command_check(const struct config *config, struct reason *why)
{
	if (!origin_list_is_any(config->http.allow_origin))
		return true;

	const char *path = config->http.tokens;
	struct token_list list = {0};
	bool ok = true;
	int fd = token_file_open(path);

	if (fd >= 0) {
		ok = token_file_read(fd, path, &list, why);
		close(fd);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		ok = reason_errno(why, "%s: cannot open the token file", path);
	}
	if (!ok || has_valid_token(&list))
		return ok;
	return reason_set(why,
			  "%s: [http] allow_origin = * admits only pages that send a token, and %s has no valid one; "
			  "create one with recorderd --new-token, or list origins instead of *",
			  config->file, path);
}
