/*
 * credentials.h - the key of the store, from a file that only this program may read.
 *
 * The file has two or three lines: the id of the key (20 digits and letters at Amazon; other stores have others, such as
 * test:tester), its secret, and, of temporary keys, the session token. Each is printable ASCII without blanks. It must
 * be a regular file that belongs to this user or to root, and that nobody else may read or write.
 *
 * It is read again when it changes, so a key can be renewed while the program runs. The memory is locked, so that it is
 * not swapped, and is left out of core dumps. Nothing of it is ever logged.
 */
#ifndef OFFSITE_STORE_CREDENTIALS_H
#define OFFSITE_STORE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/base/reason.h"

#define KEY_ID_BYTES     129
#define KEY_SECRET_BYTES 61 /* sigv4_sign() takes no longer one */
#define KEY_TOKEN_BYTES  3500

struct store_key {
	char id[KEY_ID_BYTES];
	char secret[KEY_SECRET_BYTES];
	char token[KEY_TOKEN_BYTES]; /* empty: none */
};

struct credentials;

/*
 * `file` must outlive it. `by_systemd`: it is a credential, in a folder that only this user can enter, whatever its mode
 * says. Returns NULL without memory. Nothing is read yet.
 */
struct credentials *credentials_open(const char *file, bool by_systemd);
void credentials_close(struct credentials *credentials); /* clears it; NULL is safe */

/*
 * The key as the file has it now; it stays valid until the next call. Returns NULL and sets *why if the file is missing,
 * damaged or readable by others. One thread at a time.
 */
const struct store_key *credentials_get(struct credentials *credentials, struct reason *why);

/* Parses the bytes of such a file. Returns false and sets *why, without a word of what is in it. */
bool store_key_parse(const char *text, size_t length, struct store_key *out, struct reason *why);

#endif
