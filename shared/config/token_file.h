/*
 * token_file.h - reads the token file (token.h).
 *
 * It is a regular file of at most 64 KiB with mode 0640 or stricter. Anyone who can write to it can make a token, so a
 * file with a more permissive mode is refused.
 */
#ifndef SHARED_CONFIG_TOKEN_FILE_H
#define SHARED_CONFIG_TOKEN_FILE_H

#include "shared/base/buffer.h"
#include "shared/config/token.h"

#define TOKEN_FILE_MODE 0640u

/* Opens the file without ever waiting. Returns its descriptor, or -1 with errno. */
int token_file_open(const char *path);

/* Reads the text. Returns false and sets *why, which names `path`. The caller frees `out` in any case. */
bool token_file_read_text(int fd, const char *path, struct buffer *out, struct reason *why);

/* Reads the tokens. Returns false, sets *why, and leaves an empty list. */
bool token_file_read(int fd, const char *path, struct token_list *out, struct reason *why);

#endif
