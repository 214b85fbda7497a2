/*
 * token.h - tokens for scripts: what a file of them looks like, and whether a secret is one of them. Pure.
 *
 * A token is "scr_" and 64 hexadecimal digits: 256 bits from the kernel (getrandom(2)). The file keeps its SHA-256
 * only. A slow, salted hash is for passwords, which can be guessed; nobody guesses 256 random bits, whatever a guess
 * costs.
 *
 * The file is text. Below the line [tokens] each line is a token, empty, or a comment (; or # first):
 *
 *   NAME = SHA256 SCOPE,SCOPE EXPIRY
 *
 * NAME: a-z 0-9 _ -, at most 31, its own. SHA256: 64 hexadecimal digits. SCOPE: live, footage, control, delete. EXPIRY:
 * a time as time_text.h reads it (written as 2027-05-17T10:23:00Z). A file with anything else in it is refused as a
 * whole: what was meant to narrow a token must not be skipped.
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
	bool section; /* the line [tokens] is there: more can follow */
};

/* Reads the text of a file. False with the line that is wrong, and an empty list. */
bool token_list_parse(const char *text, size_t length, struct token_list *out, struct reason *why);

/*
 * The token whose secret this is, or NULL. Takes equally long whether that is the first or the last, and however much
 * of a wrong one's hash agrees.
 */
const struct token *token_list_find(const struct token_list *list, const char *secret);

/* The token of that name, or NULL. */
const struct token *token_list_find_by_name(const struct token_list *list, const char *name);

bool token_is_expired(const struct token *token, wall_t now);

/* "live,footage" in both directions; false for a word that is no scope, or none at all. */
bool token_scopes_parse(const char *text, unsigned *out);
void token_scopes_format(unsigned scopes, char out[TOKEN_SCOPES_BYTES]);

bool token_name_valid(const char *name);

/* Whether a text has a secret's form. */
bool token_secret_valid(const char *secret);

void token_secret_format(const uint8_t random[TOKEN_HASH_BYTES], char out[TOKEN_SECRET_BYTES]);
void token_hash(const char *secret, uint8_t out[TOKEN_HASH_BYTES]);

/* A token's line, without its line feed. */
void token_line_format(const struct token *token, char out[TOKEN_LINE_BYTES]);

/* Whether a line of the file (of that length) is the token of that name. */
bool token_line_has_name(const char *line, size_t length, const char *name);

/* 2027-05-17T10:23:00Z */
#define TOKEN_TIME_BYTES 24
void token_time_format(wall_t at, char out[TOKEN_TIME_BYTES]);

#endif
