/* client_address.c - see client_address.h. */
#include "fcgi/auth/client_address.h"

#include <string.h>

#define HOPS_MAX  16u /* proxies in a row; the client is not looked for behind more */
#define BLANKS    " \t"
#define FORWARDED "HTTP_X_FORWARDED_FOR"

static size_t trimmed(const char *text, size_t length)
{
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		length--;
	return length;
}

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, since some proxies add the port. */
static bool read_entry(const char *text, size_t length, struct ip_address *out)
{
	const char *end;

	if (ip_address_read(text, length, out))
		return true;
	if (length > 1 && text[0] == '[')
		return (end = memchr(text, ']', length)) && ip_address_read(text + 1, (size_t)(end - text) - 1, out);
	return (end = memchr(text, ':', length)) && ip_address_read(text, (size_t)(end - text), out);
}

/* The last entry of a list whose first *length bytes are left, which it takes off. False where there is none. */
static bool take_last(const char *list, size_t *length, const char **entry, size_t *entry_length)
{
	size_t end = trimmed(list, *length), begin = end;

	if (end == 0)
		return false;
	while (begin > 0 && list[begin - 1] != ',')
		begin--;
	*length = begin > 0 ? begin - 1 : 0;
	begin += strspn(list + begin, BLANKS);
	*entry = list + begin;
	*entry_length = begin < end ? end - begin : 0;
	return true;
}

bool client_address_read(const char *remote, const char *forwarded, const char *proxies, struct ip_address *out)
{
	struct ip_address named;
	size_t left = strlen(forwarded), length;
	const char *entry;

	if (!ip_address_read(remote, strlen(remote), out))
		return false;
	if (!ip_networks_have(proxies, out))
		return !ip_address_is_loopback(out);
	for (unsigned hop = 0; hop < HOPS_MAX && take_last(forwarded, &left, &entry, &length); hop++) {
		if (!read_entry(entry, length, &named))
			return true;
		*out = named;
		if (!ip_networks_have(proxies, out))
			return !ip_address_is_loopback(out);
	}
	return false;
}

/*
 * The last header of that name: a proxy that adds a line of its own adds it at the end, and not every web server joins
 * the lines.
 */
static const char *last_forwarded(const struct fastcgi_request *request)
{
	const char *found = "";
	size_t length = strlen(FORWARDED);

	for (char **at = request->fcgx.envp; at && *at; at++)
		if (strncmp(*at, FORWARDED, length) == 0 && (*at)[length] == '=')
			found = *at + length + 1;
	return found;
}

bool client_address_of(const struct fastcgi_request *request, const char *proxies, struct ip_address *out)
{
	return client_address_read(fastcgi_param(request, "REMOTE_ADDR"), last_forwarded(request), proxies, out);
}
