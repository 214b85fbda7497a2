/*
 * token_command.h - what the command line does with tokens: --new-token, --list-tokens, --remove-token. The secret goes
 * to stdout, once and alone, what there is to say about it to stderr.
 */
#ifndef RECORDERD_COMMAND_TOKEN_COMMAND_H
#define RECORDERD_COMMAND_TOKEN_COMMAND_H

#include "shared/config/config.h"

#define TOKEN_DAYS 365 /* where nothing else is asked for */

/* Each returns the exit status. `days` NULL: TOKEN_DAYS. */
int token_command_new(const struct config *config, const char *name, const char *scopes, const char *days);
int token_command_list(const struct config *config);
int token_command_remove(const struct config *config, const char *name);

/* False with a sentence where http.allow_origin = * lets in pages that send a token, and no token is good. */
bool token_command_check(const struct config *config, struct reason *why);

#endif
