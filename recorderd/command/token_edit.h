/*
 * token_edit.h - changes the token file (shared/config/token.h).
 *
 * Each change writes a new file and renames it over the old one, so that readers see either the old or the new file,
 * even after a power cut. Comments are kept. Concurrent changes wait for each other, by a lock file in the same folder.
 * All functions return false and set *why on failure.
 */
#ifndef RECORDERD_COMMAND_TOKEN_EDIT_H
#define RECORDERD_COMMAND_TOKEN_EDIT_H

#include "shared/config/token.h"

/*
 * Adds the token. If the file does not exist it is created, with the owner and the group of `model` (the .ini file). In
 * a folder with the set-group-ID bit the file always gets the folder's group, so that the workers can read it whoever
 * changed it.
 */
bool token_edit_add(const char *path, const char *model, const struct token *token, struct reason *why);

/* Removes the token of that name. */
bool token_edit_remove(const char *path, const char *name, struct reason *why);

#endif
