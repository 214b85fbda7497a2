/*
 * token_edit.h - changes to the file of tokens (shared/config/token.h): each makes the file anew beside the old one and
 * renames it, so that readers see the one or the other, also after a power cut. Comments stay. Several at a time wait
 * for each other, by a lock on the folder. Each false comes with a sentence.
 */
#ifndef RECORDERD_COMMAND_TOKEN_EDIT_H
#define RECORDERD_COMMAND_TOKEN_EDIT_H

#include "shared/config/token.h"

/*
 * Adds the token. A file that is not there yet is made, with owner and group of `model` (the .ini file). A folder with
 * the set-group-ID bit gives its own group to the file, at each change: whoever made it, its workers can read it.
 */
bool token_edit_add(const char *path, const char *model, const struct token *token, struct reason *why);

/* Removes the token of that name. */
bool token_edit_remove(const char *path, const char *name, struct reason *why);

#endif
