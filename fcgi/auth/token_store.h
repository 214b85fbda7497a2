/*
 * token_store.h - the tokens of each camera as their files have them now: a process outside (broker.h) looks at them
 * with stat(2), and they are read again where that has changed. Where it does not answer, since the disk of the file
 * does not, no token is taken. One user at a time.
 */
#ifndef FCGI_AUTH_TOKEN_STORE_H
#define FCGI_AUTH_TOKEN_STORE_H

#include "fcgi/sandbox/broker.h"
#include "shared/config/token.h"

struct token_store;

/* `outside` is not owned; NULL opens the files itself. NULL where there is no memory. */
struct token_store *token_store_open(const struct config_set *cameras, struct broker *outside);
void token_store_close(struct token_store *store);

/*
 * The tokens of a camera, none where there is no file; valid until the next look. NULL where the file cannot be used:
 * then nobody's token is good. Why is logged once.
 */
const struct token_list *token_store_get(struct token_store *store, size_t camera);

#endif
