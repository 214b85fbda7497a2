/* origin.c - the origin of a web page. */
#include "shared/net/origin.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS     "0123456789"
#define SEPARATORS " ,\t"
#define PORT_MAX   65535
#define PORT_CHARS 5

static void copy_lower(char *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
	out[length] = '\0';
}

/* Returns the length of the scheme (RFC 3986, section 3.1); 0 if it is not one, or is too long. */
static size_t read_scheme(const char *text, char out[ORIGIN_SCHEME_BYTES])
{
	size_t length = strspn(text, LETTERS DIGITS "+-.");

	if (length == 0 || length >= ORIGIN_SCHEME_BYTES || !strchr(LETTERS, text[0]))
		return 0;
	copy_lower(out, text, length);
	return length;
}

/* An address can be written in many ways: `out` gets the one that inet_ntop(3) uses. */
static size_t read_ipv6(const char *text, char out[ORIGIN_HOST_BYTES])
{
	size_t length = strcspn(text, "]");
	char address[INET6_ADDRSTRLEN];
	struct in6_addr bytes;

	if (text[length] != ']' || length - 1 >= sizeof(address))
		return 0;
	memcpy(address, text + 1, length - 1);
	address[length - 1] = '\0';
	if (inet_pton(AF_INET6, address, &bytes) != 1)
		return 0;
	out[0] = '[';
	inet_ntop(AF_INET6, &bytes, out + 1, INET6_ADDRSTRLEN);
	strcat(out, "]");
	return length + 1;
}

/* Returns the length of the host (RFC 3986, section 3.2.2). Names are ASCII: browsers encode others (RFC 3492). */
static size_t read_host(const char *text, char out[ORIGIN_HOST_BYTES])
{
	size_t length = strspn(text, LETTERS DIGITS ".-_");

	if (text[0] == '[')
		return read_ipv6(text, out);
	if (length >= ORIGIN_HOST_BYTES)
		return 0;
	copy_lower(out, text, length);
	return length;
}

/* The default port of a scheme (RFC 9110, sections 4.2.1 and 4.2.2). */
static unsigned default_port(const char *scheme)
{
	return strcmp(scheme, "http") == 0 ? 80 : strcmp(scheme, "https") == 0 ? 443 : 0;
}

/* Reads HOST[:PORT]. Returns what follows it; NULL if it is invalid. */
static const char *read_authority(const char *text, struct origin *out)
{
	size_t length = read_host(text, out->host);

	text += length;
	out->port = default_port(out->scheme);
	if (length == 0 || *text != ':')
		return length > 0 ? text : NULL;
	size_t digits = strspn(++text, DIGITS);
	if (digits == 0 || digits > PORT_CHARS)
		return NULL;
	unsigned long port = strtoul(text, NULL, 10);
	out->port = (unsigned)port;
	return port >= 1 && port <= PORT_MAX ? text + digits : NULL;
}

/* Reads SCHEME://HOST[:PORT]. Returns what follows it; NULL if it is invalid. */
static const char *read_origin(const char *text, struct origin *out)
{
	*out = (struct origin){0};
	size_t length = read_scheme(text, out->scheme);

	if (length == 0 || strncmp(text + length, "://", 3) != 0)
		return NULL;
	return read_authority(text + length + 3, out);
}

bool origin_parse(const char *text, struct origin *out)
{
	const char *end = read_origin(text, out);

	return end && *end == '\0';
}

bool origin_parse_url(const char *url, struct origin *out)
{
	const char *end = read_origin(url, out);

	return end && (*end == '\0' || strchr("/?#", *end));
}

bool origin_equal(const struct origin *a, const struct origin *b)
{
	return a->port == b->port && strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0;
}

bool origin_matches_host(const struct origin *origin, const char *host)
{
	struct origin own = *origin;
	const char *end = read_authority(host, &own);

	return end && *end == '\0' && origin_equal(&own, origin);
}

/* Takes the next origin off a list; false at the end of the list. A word that is not an origin becomes an empty one. */
static bool next_origin(const char **list, struct origin *out)
{
	const char *at = *list + strspn(*list, SEPARATORS);
	const char *end = read_origin(at, out);
	size_t length = strcspn(at, SEPARATORS);

	*list = at + length;
	if (end != at + length)
		*out = (struct origin){0};
	return length > 0;
}

bool origin_list_is_any(const char *list)
{
	return strcmp(list, "*") == 0;
}

bool origin_list_valid(const char *list, size_t bytes)
{
	struct origin origin;

	if (strlen(list) >= bytes)
		return false;
	if (origin_list_is_any(list))
		return true;
	while (next_origin(&list, &origin))
		if (origin.scheme[0] == '\0')
			return false;
	return true;
}

bool origin_list_contains(const char *list, const struct origin *origin)
{
	struct origin listed;

	while (next_origin(&list, &listed))
		if (listed.scheme[0] != '\0' && origin_equal(&listed, origin))
			return true;
	return false;
}
