/*
 * token_command.h - recorderd --new-token, --list-tokens and --remove-token.
 *
 * A new token's secret is printed on stdout, alone, so that a script can capture it. Everything about it goes to
 * stderr.
 */
#ifndef RECORDERD_COMMAND_TOKEN_COMMAND_H
#define RECORDERD_COMMAND_TOKEN_COMMAND_H

#include "shared/config/config.h"

#define TOKEN_DAYS 365 /* how long a token is valid by default */

/* Each returns the exit status. `days` NULL: TOKEN_DAYS. */
int token_command_new(const struct config *config, const char *name, const char *scopes, const char *days);
int token_command_list(const struct config *config);
int token_command_remove(const struct config *config, const char *name);

/* Fails if http.allow_origin = * admits pages that send a token while there is no valid token. */
bool token_command_check(const struct config *config, struct reason *why);

#endif
