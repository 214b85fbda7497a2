/* authorize.c - whether a request may do what it asks for. */
#include "fcgi/auth/authorize.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fcgi/auth/client_address.h"
#include "fcgi/auth/cross_site.h"
#include "fcgi/auth/trusted_host.h"
#include "fcgi/http/query.h"

#define SCHEME "Bearer"

static struct own_host_name own; /* set once, before the first request */

__attribute__((format(printf, 4, 5))) static void refuse(struct permission *out, int status, const char *challenge,
							 const char *format, ...)
{
	va_list arguments;

	*out = (struct permission){.outcome = AUTH_REFUSED, .status = status};
	if (challenge)
		snprintf(out->headers, sizeof(out->headers), "WWW-Authenticate: " SCHEME " realm=\"recorder\"%s\r\n",
			 challenge);
	va_start(arguments, format);
	vsnprintf(out->why.text, sizeof(out->why.text), format, arguments);
	va_end(arguments);
}

/* The credentials after a scheme (RFC 9110, section 11.4), or NULL if it is another scheme. */
static const char *after_scheme(const char *authorization, const char *scheme)
{
	size_t length = strlen(scheme);

	if (strncasecmp(authorization, scheme, length) != 0 || authorization[length] != ' ')
		return NULL;
	return authorization + length + strspn(authorization + length, " ");
}

/* Addresses are logged, kept in histories and shared, so a token in an address is compromised. */
static bool token_in_query(const char *query)
{
	char unused[1];

	return query_get(query, "access_token", unused, sizeof(unused)) != QUERY_ABSENT ||
	       query_get(query, "token", unused, sizeof(unused)) != QUERY_ABSENT;
}

static bool is_authorized_by_server(const struct fastcgi_request *request, const char *authorization)
{
	if (*fastcgi_param(request, "RECORDER_TOKEN_NEEDED"))
		return false;
	if (!*authorization || after_scheme(authorization, "Basic") || after_scheme(authorization, "Digest"))
		return true;
	return *fastcgi_param(request, "REMOTE_USER") && strncasecmp(authorization, SCHEME, strlen(SCHEME)) != 0;
}

void authorize_refuse_token(struct permission *out)
{
	refuse(out, 401, ", error=\"invalid_token\"", "Unknown token. recorderd --new-token creates one.");
}

static void check_token(const struct token_list *list, const char *secret, struct permission *out)
{
	const struct token *token = token_list_find(list, secret);

	if (!token)
		authorize_refuse_token(out);
	else if (token_is_expired(token, wall_now()))
		refuse(out, 401, ", error=\"invalid_token\"",
		       "This token has expired. recorderd --new-token creates a new one.");
	else
		*out = (struct permission){.outcome = AUTH_BY_TOKEN, .scopes = token->scopes};
}

void authorize_init(void)
{
	own_host_name_find(&own);
}

/* Without a token, the web server decides, provided that the request uses a name that nobody else can have made up. */
static void check_host(const struct config_http *http, const struct fastcgi_request *request, struct permission *out)
{
	const char *host = fastcgi_param(request, "HTTP_HOST");

	if (trusted_host_check(host, &own, http->hosts))
		*out = (struct permission){.outcome = AUTH_BY_SERVER};
	else
		refuse(out, 421, NULL,
		       "\"%.80s\" is not a name of this recorder. If it should be one, add hosts = %.*s to the section "
		       "[http] of recorder.ini.",
		       host, (int)strcspn(host, ":"), host);
}

/* With http.allow_origin = *, pages of all sites may read, but a browser does not send them a token by itself. */
static void check_page(const struct config_http *http, const struct fastcgi_request *request, struct permission *out)
{
	struct cross_site from;

	cross_site_read(request, &from);
	if (out->outcome != AUTH_REFUSED && origin_list_is_any(http->allow_origin) && cross_site_is_cors(&from))
		refuse(out, 401, "",
		       "Pages of other sites need a token of this recorder (http.allow_origin = *), in the header "
		       "Authorization: Bearer TOKEN.");
}

void authorize(struct token_store *store, size_t camera, const struct config_http *http,
	       const struct fastcgi_request *request, struct permission *out)
{
	static const struct token_list none;
	const char *authorization = fastcgi_param(request, "HTTP_AUTHORIZATION");
	const char *secret = after_scheme(authorization, SCHEME);

	if (token_in_query(request->query)) {
		refuse(out, 400, NULL,
		       "A token belongs in the header Authorization: Bearer TOKEN, not in the address, which others "
		       "can see. Replace this token.");
		return;
	}
	if (client_address_is_ambiguous(request, http->proxies)) {
		refuse(out, 400, NULL,
		       "The request has more than one X-Forwarded-For header, perhaps in two spellings. The proxy must "
		       "send exactly one, which ends with the address of its client.");
		return;
	}
	if (is_authorized_by_server(request, authorization)) {
		check_host(http, request, out);
		check_page(http, request, out);
		return;
	}
	if (!secret || !token_secret_valid(secret)) {
		refuse(out, 401, *authorization ? ", error=\"invalid_token\"" : "",
		       "A token of this recorder is required, in the header Authorization: Bearer TOKEN.");
		return;
	}
	const struct token_list *list = store ? token_store_get(store, camera) : &none;
	if (list)
		check_token(list, secret, out);
	else
		refuse(out, 503, NULL, "The token file cannot be used; the log says why.");
}

bool authorize_camera(struct token_store *store, size_t camera, const struct fastcgi_request *request)
{
	const char *authorization = fastcgi_param(request, "HTTP_AUTHORIZATION");
	const char *secret = after_scheme(authorization, SCHEME);

	if (is_authorized_by_server(request, authorization))
		return true;
	const struct token_list *list = store ? token_store_get(store, camera) : NULL;
	const struct token *token = list && secret ? token_list_find(list, secret) : NULL;
	return token && !token_is_expired(token, wall_now());
}

bool authorize_scope(struct permission *permission, enum token_scope scope)
{
	char word[TOKEN_SCOPES_BYTES], challenge[96];

	if (permission->outcome != AUTH_BY_TOKEN || (permission->scopes & (unsigned)scope) == (unsigned)scope)
		return permission->outcome != AUTH_REFUSED;
	token_scopes_format((unsigned)scope, word);
	snprintf(challenge, sizeof(challenge), ", error=\"insufficient_scope\", scope=\"%s\"", word);
	refuse(permission, 403, challenge, "This token lacks the scope %s.", word);
	return false;
}

bool authorize_change(const struct fastcgi_request *request, struct permission *permission)
{
	struct cross_site from;

	cross_site_read(request, &from);
	if (!cross_site_is_suspect(&from))
		return true;
	refuse(permission, 403, NULL,
	       "Changes are accepted from this server's own pages and from scripts, not from another site.");
	return false;
}
