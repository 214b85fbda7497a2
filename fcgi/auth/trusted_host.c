/* trusted_host.c - protects against DNS rebinding by checking the header Host. */
#include "fcgi/auth/trusted_host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* Copies the name without its port and final dot. Returns false if it is longer than any name. */
static bool read_name(const char *host, char out[HOST_NAME_BYTES])
{
	size_t length = strcspn(host, ":");

	if (length > 0 && host[length - 1] == '.')
		length--;
	if (length >= HOST_NAME_BYTES)
		return false;
	memcpy(out, host, length);
	out[length] = '\0';
	return true;
}

/* [ADDRESS] or [ADDRESS%zone], with or without a port (RFC 3986, section 3.2.2; RFC 6874). */
static bool is_ipv6(const char *host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;
	size_t length = strcspn(host, "%]");

	if (*host != '[' || !strchr(host, ']') || length - 1 >= sizeof(text))
		return false;
	memcpy(text, host + 1, length - 1);
	text[length - 1] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

static bool ends_in(const char *name, const char *end, size_t tail)
{
	size_t length = strlen(name);

	return length > tail && strncasecmp(name + length - tail, end, tail) == 0;
}

/* `pattern` is a name, *.NAME or *. */
static bool matches(const char *name, const char *pattern, size_t length)
{
	if (pattern[0] == '*')
		return length == 1 || (pattern[1] == '.' && ends_in(name, pattern + 1, length - 1));
	return length == strlen(name) && strncasecmp(pattern, name, length) == 0;
}

static bool is_listed(const char *name, const char *names)
{
	for (const char *at = names + strspn(names, " ,"); *at; at += strspn(at, " ,")) {
		size_t length = strcspn(at, " ,");
		if (matches(name, at, length))
			return true;
		at += length;
	}
	return false;
}

bool trusted_host_check(const char *host, const struct own_host_name *own, const char *names)
{
	char name[HOST_NAME_BYTES];
	struct in_addr address;

	if (*host == '[')
		return is_ipv6(host) || is_listed("", names);
	if (!read_name(host, name))
		return is_listed("", names);
	return !strchr(name, '.') || ends_in(name, ".localhost", strlen(".localhost")) ||
	       ends_in(name, ".local", strlen(".local")) || inet_pton(AF_INET, name, &address) == 1 ||
	       strcasecmp(name, own->name) == 0 || strcasecmp(name, own->fqdn) == 0 || is_listed(name, names);
}
