/*
 * token_file.h - the file of tokens (token.h) on the disk: at most 64 KiB, a regular file, mode 0640 or less. Who could
 * write to it could give himself a token, so with more rights than that it is refused.
 */
#ifndef SHARED_CONFIG_TOKEN_FILE_H
#define SHARED_CONFIG_TOKEN_FILE_H

#include "shared/base/buffer.h"
#include "shared/config/token.h"

#define TOKEN_FILE_MODE 0640u

/* Descriptor of the file, never waiting; -1 with errno. */
int token_file_open(const char *path);

/* Reads the text. False with a sentence that names `path`; `out` is the caller's to finish. */
bool token_file_read_text(int fd, const char *path, struct buffer *out, struct reason *why);

/* Reads the tokens; false with a sentence, and an empty list. */
bool token_file_read(int fd, const char *path, struct token_list *out, struct reason *why);

#endif
