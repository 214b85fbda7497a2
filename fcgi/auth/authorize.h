/*
 * authorize.h - whether a request may do what it asks for, as far as tokens decide that (RFC 6750).
 *
 * The web server lets requests with "Authorization: Bearer" past its own login, so whatever looks like such a request
 * is judged here, by its token alone, also where there are no tokens at all. A request without that header is the web
 * server's business, as is one that the web server itself has let in (Basic, Digest, or REMOTE_USER). Where the web
 * server sets the parameter RECORDER_TOKEN_NEEDED a token is needed in any case: for one that does not hand the
 * header over.
 */
#ifndef FCGI_AUTH_AUTHORIZE_H
#define FCGI_AUTH_AUTHORIZE_H

#include "fcgi/auth/token_store.h"
#include "fcgi/io/fastcgi.h"
#include "shared/base/reason.h"

enum auth_outcome {
	AUTH_BY_SERVER, /* no token: let in by the web server */
	AUTH_BY_TOKEN,
	AUTH_REFUSED, /* answer with status, headers and why */
};

struct permission {
	enum auth_outcome who;
	unsigned scopes;
	int status;
	char headers[128]; /* lines that end in CRLF */
	struct reason why;
};

/* Finds out what this machine calls itself (trusted_host.h): once, before the program locks itself up. */
void authorize_init(void);

/*
 * Judges the request's token, for one camera of that configuration; of one without a token, the name that it asks by
 * (trusted_host.h): no page of another site can send a good token. Where http.allow_origin is `*`, a page of another
 * site needs one. `store` NULL: there are no tokens.
 */
void authorize(struct token_store *store, size_t camera, const struct config_http *http,
	       const struct fastcgi_request *request, struct permission *out);

/*
 * True where the request has no token that is judged, or one that is good for that camera too: who is refused there
 * does not learn of it either.
 */
bool authorize_camera(struct token_store *store, size_t camera, const struct fastcgi_request *request);

/* 401, as for any token that is not known. */
void authorize_refuse_token(struct permission *out);

/* False where this is a token without that scope: then `permission` says what to answer. */
bool authorize_scope(struct permission *permission, enum token_scope scope);

/*
 * False where a change comes from a page of another site (cross_site.h), also where http.allow_origin names it.
 */
bool authorize_change(const struct fastcgi_request *request, struct permission *permission);

#endif
