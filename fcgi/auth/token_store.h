/*
 * token_store.h - the tokens of each camera, as they are in their files now.
 *
 * The broker (broker.h) checks the files with stat(2), and they are read again if they have changed. If the broker does
 * not respond because a disk does not, no token is valid. Only one thread at a time may use a store.
 */
#ifndef FCGI_AUTH_TOKEN_STORE_H
#define FCGI_AUTH_TOKEN_STORE_H

#include "fcgi/sandbox/broker.h"
#include "shared/config/token.h"

struct token_store;

/* `broker` is not owned; without one (NULL), this process opens the files itself. Returns NULL if memory is short. */
struct token_store *token_store_open(const struct config_set *cameras, struct broker *broker);
void token_store_close(struct token_store *store);

/*
 * The tokens of a camera, an empty list if there is no file. The list is valid until the next call. Returns NULL if the
 * file cannot be used; then no token is valid. The reason is logged once.
 */
const struct token_list *token_store_get(struct token_store *store, size_t camera);

#endif
