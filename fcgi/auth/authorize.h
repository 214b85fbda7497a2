/*
 * authorize.h - whether a request may do what it asks for (bearer tokens: RFC 6750).
 *
 * The web server lets requests with "Authorization: Bearer" past its own login. So whatever looks like such a request
 * is checked here, by its token alone, even if no tokens exist. The web server decides about requests without that
 * header, and about those that it has authenticated itself (Basic, Digest or REMOTE_USER). If it sets the parameter
 * RECORDER_TOKEN_NEEDED, a token is required in any case; that is for web servers that do not pass the header on.
 */
#ifndef FCGI_AUTH_AUTHORIZE_H
#define FCGI_AUTH_AUTHORIZE_H

#include "fcgi/auth/token_store.h"
#include "fcgi/io/fastcgi.h"
#include "shared/base/reason.h"

enum auth_outcome {
	AUTH_BY_SERVER, /* no token: the web server let it in */
	AUTH_BY_TOKEN,
	AUTH_REFUSED, /* respond with status, headers and why */
};

struct permission {
	enum auth_outcome outcome;
	unsigned scopes;
	int status;
	char headers[128]; /* lines that end in CRLF */
	struct reason why;
};

/* Looks up this machine's own names (trusted_host.h). Call it once, before the program enters its sandbox. */
void authorize_init(void);

/*
 * Checks the token of a request for one camera. A request without a token must use a trusted name of this machine
 * (trusted_host.h); one with a valid token need not, since no page of another site can have one. If http.allow_origin
 * is `*`, a page of another site needs a token. `store` may be NULL if there are no tokens.
 */
void authorize(struct token_store *store, size_t camera, const struct config_http *http,
	       const struct fastcgi_request *request, struct permission *out);

/*
 * Whether the request may learn that this camera exists: it has no token that is checked here, or one that is valid for
 * that camera, too.
 */
bool authorize_camera(struct token_store *store, size_t camera, const struct fastcgi_request *request);

/* Refuses with 401, as for any unknown token. */
void authorize_refuse_token(struct permission *out);

/* Returns false if the token lacks that scope; `permission` then has the response. */
bool authorize_scope(struct permission *permission, enum token_scope scope);

/*
 * Returns false if a change comes from a page of another site (cross_site.h), even if http.allow_origin lists that
 * site; `permission` then has the response.
 */
bool authorize_change(const struct fastcgi_request *request, struct permission *permission);

#endif
