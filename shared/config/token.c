/* token.c - access tokens for scripts, and the format of the file that lists them. */
#include "shared/config/token.h"

#include <assert.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/base/hex.h"
#include "shared/text/time_text.h"

#define SECRET_PREFIX "scr_"
#define HEX_DIGITS    "0123456789abcdef"
#define NAME_CHARS    "abcdefghijklmnopqrstuvwxyz0123456789_-"
#define BLANKS        " \t\r"

static_assert(SHA256_DIGEST_LENGTH == TOKEN_HASH_BYTES, "a hash is a SHA-256");
static_assert(TOKEN_SECRET_BYTES == sizeof(SECRET_PREFIX) + 2 * TOKEN_HASH_BYTES, "the size of a secret");

static const struct {
	const char *word;
	enum token_scope scope;
} scopes_known[] = {
	{"live", TOKEN_LIVE}, {"footage", TOKEN_FOOTAGE}, {"control", TOKEN_CONTROL}, {"delete", TOKEN_DELETE}};

#define SCOPES (sizeof(scopes_known) / sizeof(scopes_known[0]))

static void hex_format(const uint8_t bytes[TOKEN_HASH_BYTES], char out[2 * TOKEN_HASH_BYTES + 1])
{
	for (size_t i = 0; i < TOKEN_HASH_BYTES; i++) {
		out[2 * i] = HEX_DIGITS[bytes[i] >> 4];
		out[2 * i + 1] = HEX_DIGITS[bytes[i] & 15];
	}
	out[2 * TOKEN_HASH_BYTES] = '\0';
}

static bool hex_valid(const char *text)
{
	return strlen(text) == (size_t)2 * TOKEN_HASH_BYTES && strspn(text, HEX_DIGITS) == (size_t)2 * TOKEN_HASH_BYTES;
}

static bool hex_parse(const char *text, uint8_t out[TOKEN_HASH_BYTES])
{
	if (!hex_valid(text))
		return false;
	for (size_t i = 0; i < TOKEN_HASH_BYTES; i++)
		out[i] = (uint8_t)hex_byte(text + 2 * i);
	return true;
}

bool token_name_valid(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length < TOKEN_NAME_BYTES && name[0] != '-' && strspn(name, NAME_CHARS) == length;
}

bool token_secret_valid(const char *secret)
{
	size_t prefix = strlen(SECRET_PREFIX);

	return strncmp(secret, SECRET_PREFIX, prefix) == 0 && hex_valid(secret + prefix);
}

void token_secret_format(const uint8_t random[TOKEN_HASH_BYTES], char out[TOKEN_SECRET_BYTES])
{
	memcpy(out, SECRET_PREFIX, strlen(SECRET_PREFIX));
	hex_format(random, out + strlen(SECRET_PREFIX));
}

void token_hash(const char *secret, uint8_t out[TOKEN_HASH_BYTES])
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, (const uint8_t *)secret, strlen(secret));
	SHA256Final(out, &context);
}

bool token_scopes_parse(const char *text, unsigned *out)
{
	*out = 0;
	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned scope = 0;

		for (size_t i = 0; i < SCOPES; i++)
			if (strlen(scopes_known[i].word) == length && memcmp(scopes_known[i].word, text, length) == 0)
				scope = scopes_known[i].scope;
		if (scope == 0)
			return false;
		*out |= scope;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

void token_scopes_format(unsigned scopes, char out[TOKEN_SCOPES_BYTES])
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < SCOPES; i++)
		if (scopes & (unsigned)scopes_known[i].scope)
			length += (size_t)snprintf(out + length, TOKEN_SCOPES_BYTES - length, "%s%s",
						   length > 0 ? "," : "", scopes_known[i].word);
}

void token_time_format(wall_t at, char out[TOKEN_TIME_BYTES])
{
	time_t seconds = (time_t)(at.us / US_PER_S);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(out, TOKEN_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

void token_line_format(const struct token *token, char out[TOKEN_LINE_BYTES])
{
	char hash[2 * TOKEN_HASH_BYTES + 1], scopes[TOKEN_SCOPES_BYTES], expires[TOKEN_TIME_BYTES];

	hex_format(token->hash, hash);
	token_scopes_format(token->scopes, scopes);
	token_time_format(token->expires, expires);
	snprintf(out, TOKEN_LINE_BYTES, "%s = %s %s %s", token->name, hash, scopes, expires);
}

bool token_is_expired(const struct token *token, wall_t now)
{
	return now.us >= token->expires.us;
}

/* All bits set if the hashes are equal, else none. Compares every byte, so its time tells nothing. */
static size_t same_hash(const uint8_t *a, const uint8_t *b)
{
	volatile uint8_t differing = 0; /* keeps the compiler from returning early */

	for (size_t i = 0; i < TOKEN_HASH_BYTES; i++)
		differing = (uint8_t)(differing | (a[i] ^ b[i]));
	return (size_t)0 - (size_t)(differing == 0);
}

const struct token *token_list_find(const struct token_list *list, const char *secret)
{
	uint8_t hash[TOKEN_HASH_BYTES];
	size_t found = TOKENS_MAX;

	token_hash(secret, hash);
	for (size_t i = 0; i < list->count; i++) {
		size_t same = same_hash(list->tokens[i].hash, hash);
		found = (found & ~same) | (i & same);
	}
	return found < list->count ? &list->tokens[found] : NULL;
}

const struct token *token_list_find_by_name(const struct token_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->tokens[i].name, name) == 0)
			return &list->tokens[i];
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Copies a line without surrounding blanks. Returns false if it is too long or has a NUL in it. */
static bool line_copy(const char *line, size_t length, char out[TOKEN_LINE_BYTES])
{
	while (length > 0 && is_blank(line[length - 1]))
		length--;
	while (length > 0 && is_blank(line[0])) {
		line++;
		length--;
	}
	if (length >= TOKEN_LINE_BYTES || memchr(line, '\0', length))
		return false;
	memcpy(out, line, length);
	out[length] = '\0';
	return true;
}

/* Cuts `text` at its first =, removes the blanks around it, and returns the value. Returns NULL without an =. */
static char *cut_value(char *text)
{
	char *value = strchr(text, '=');

	if (!value)
		return NULL;
	*value++ = '\0';
	for (size_t end = strlen(text); end > 0 && is_blank(text[end - 1]); end--)
		text[end - 1] = '\0';
	return value + strspn(value, BLANKS);
}

static char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, BLANKS);
	while (word && *word == '\0');
	return word;
}

static bool expiry_parse(const char *text, wall_t *out)
{
	struct time_point point;

	if (time_parse(text, strlen(text), TIME_TO, (wall_t){0}, &point) != TIME_OK || point.relative)
		return false;
	*out = point.at;
	return true;
}

static bool line_parse(char *line, struct token *out)
{
	char *rest = cut_value(line);

	if (!rest || !token_name_valid(line))
		return false;
	char *hash = next_word(&rest), *scopes = next_word(&rest), *expires = next_word(&rest);
	if (!expires || next_word(&rest))
		return false;
	memcpy(out->name, line, strlen(line) + 1);
	return hex_parse(hash, out->hash) && token_scopes_parse(scopes, &out->scopes) &&
	       expiry_parse(expires, &out->expires);
}

static bool line_add(char *line, struct token_list *list, struct reason *why)
{
	struct token token;

	if (line[0] == '\0' || line[0] == ';' || line[0] == '#')
		return true;
	if (strcmp(line, TOKENS_SECTION) == 0 && !list->section)
		return list->section = true;
	if (!list->section)
		return reason_set(why, "expected %s first", TOKENS_SECTION);
	if (!line_parse(line, &token))
		return reason_set(why, "expected NAME = SHA256 SCOPE,SCOPE EXPIRY");
	if (token_list_find_by_name(list, token.name))
		return reason_set(why, "there is already a token %s above", token.name);
	if (list->count == TOKENS_MAX)
		return reason_set(why, "there can be at most %d tokens", TOKENS_MAX);
	list->tokens[list->count++] = token;
	return true;
}

bool token_list_parse(const char *text, size_t length, struct token_list *out, struct reason *why)
{
	int number = 0;

	*out = (struct token_list){0};
	for (size_t at = 0, next; at < length; at = next) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t bytes = end ? (size_t)(end - text) - at : length - at;
		char line[TOKEN_LINE_BYTES];
		struct reason error;

		next = at + bytes + 1;
		number++;
		if (!line_copy(text + at, bytes, line))
			reason_set(&error, "it is longer than %d bytes or contains a NUL", TOKEN_LINE_BYTES - 1);
		else if (line_add(line, out, &error))
			continue;
		*out = (struct token_list){0};
		return reason_set(why, "line %d is invalid: %s", number, error.text);
	}
	return true;
}

bool token_line_has_name(const char *line, size_t length, const char *name)
{
	char copy[TOKEN_LINE_BYTES];

	return line_copy(line, length, copy) && copy[0] != ';' && copy[0] != '#' && cut_value(copy) &&
	       strcmp(copy, name) == 0;
}
