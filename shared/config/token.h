/*
 * token.h - access tokens for scripts, and the format of the file that lists them.
 *
 * A token is "scr_" and 64 hexadecimal digits: 256 bits from the kernel (getrandom(2)). The file has only its SHA-256.
 * Slow, salted hashes are for passwords, which can be guessed; 256 random bits cannot, whatever a guess costs.
 *
 * The file is text. After the line [tokens], each line is a token, empty, or a comment that begins with ; or #:
 *
 *   NAME = SHA256 SCOPE,SCOPE EXPIRY
 *
 * NAME is unique: at most 31 characters of a-z 0-9 _ -. SHA256 is 64 hexadecimal digits. SCOPE is live, footage,
 * control or delete. EXPIRY is a time as time_text.h reads it, written as 2027-05-17T10:23:00Z. A file with anything
 * else in it is refused as a whole, since a line that was meant to restrict a token must not be skipped.
 *
 * These functions do no input or output.
 */
#ifndef SHARED_CONFIG_TOKEN_H
#define SHARED_CONFIG_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/clock.h"
#include "shared/base/reason.h"

#define TOKEN_NAME_BYTES   32
#define TOKEN_HASH_BYTES   32
#define TOKEN_SECRET_BYTES 69 /* with its NUL */
#define TOKEN_SCOPES_BYTES 32 /* "live,footage,control,delete" */
#define TOKEN_LINE_BYTES   256
#define TOKENS_MAX         64
#define TOKENS_SECTION     "[tokens]"

enum token_scope {
	TOKEN_ANY = 0, /* a valid token, whatever its scopes */
	TOKEN_LIVE = 1,
	TOKEN_FOOTAGE = 2,
	TOKEN_CONTROL = 4,
	TOKEN_DELETE = 8,
};

struct token {
	char name[TOKEN_NAME_BYTES];
	uint8_t hash[TOKEN_HASH_BYTES];
	unsigned scopes; /* of enum token_scope */
	wall_t expires;
};

struct token_list {
	struct token tokens[TOKENS_MAX];
	size_t count;
	bool section; /* the line [tokens] was read, so tokens may follow */
};

/* Parses the text of a file. Returns false, sets *why to the line that is wrong, and leaves an empty list. */
bool token_list_parse(const char *text, size_t length, struct token_list *out, struct reason *why);

/*
 * The token with that secret, or NULL. The time that it takes depends neither on which token it is nor on how much of a
 * wrong secret's hash matches.
 */
const struct token *token_list_find(const struct token_list *list, const char *secret);

/* The token of that name, or NULL. */
const struct token *token_list_find_by_name(const struct token_list *list, const char *name);

bool token_is_expired(const struct token *token, wall_t now);

/* Parses and formats "live,footage". Returns false for an unknown scope or an empty text. */
bool token_scopes_parse(const char *text, unsigned *out);
void token_scopes_format(unsigned scopes, char out[TOKEN_SCOPES_BYTES]);

bool token_name_valid(const char *name);

/* Whether a text has the form of a secret. */
bool token_secret_valid(const char *secret);

void token_secret_format(const uint8_t random[TOKEN_HASH_BYTES], char out[TOKEN_SECRET_BYTES]);
void token_hash(const char *secret, uint8_t out[TOKEN_HASH_BYTES]);

/* The line of a token, without its line feed. */
void token_line_format(const struct token *token, char out[TOKEN_LINE_BYTES]);

/* Whether a line of the file has the token of that name. */
bool token_line_has_name(const char *line, size_t length, const char *name);

/* 2027-05-17T10:23:00Z */
#define TOKEN_TIME_BYTES 24
void token_time_format(wall_t at, char out[TOKEN_TIME_BYTES]);

#endif
