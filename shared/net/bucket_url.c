/* bucket_url.c - parses the URL of a bucket. */
#include "shared/net/bucket_url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyz0123456789"
#define HTTPS_PORT   443
#define HTTP_PORT    80

static bool is_this_machine(const char *host)
{
	struct in_addr address;

	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool take_bucket(const char *text, char out[BUCKET_NAME_BYTES])
{
	size_t length = strspn(text, ALPHANUMERIC ".-");

	if (length < 3 || length >= BUCKET_NAME_BYTES || strcmp(text + length + (text[length] == '/'), "") != 0)
		return false;
	memcpy(out, text, length);
	out[length] = '\0';
	return !strstr(out, "..") && strchr(ALPHANUMERIC, out[0]) && strchr(ALPHANUMERIC, out[length - 1]);
}

/* Takes SCHEME://HOST[:PORT]; *path gets what follows. */
static bool take_origin(const char *url, struct origin *out, const char **path)
{
	char text[ORIGIN_SCHEME_BYTES + ORIGIN_HOST_BYTES + 16];
	const char *host = strstr(url, "://");

	if (!host)
		return false;
	*path = host + 3 + strcspn(host + 3, "/");
	if (snprintf(text, sizeof(text), "%.*s", (int)(*path - url), url) >= (int)sizeof(text))
		return false;
	return origin_parse(text, out);
}

bool bucket_url_parse(const char *url, struct bucket_url *out)
{
	const char *path;

	*out = (struct bucket_url){0};
	if (!take_origin(url, &out->origin, &path) || path[0] != '/' || !take_bucket(path + 1, out->bucket))
		return false;
	bool tls = strcmp(out->origin.scheme, "https") == 0;
	if (!tls && (strcmp(out->origin.scheme, "http") != 0 || !is_this_machine(out->origin.host)))
		return false;
	unsigned usual = tls ? HTTPS_PORT : HTTP_PORT;
	if (out->origin.port == 0)
		out->origin.port = usual;
	if (out->origin.port == usual)
		snprintf(out->authority, sizeof(out->authority), "%s", out->origin.host);
	else
		snprintf(out->authority, sizeof(out->authority), "%s:%u", out->origin.host, out->origin.port);
	return true;
}
