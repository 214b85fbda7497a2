/* client_address.c - the address of the client that sent a request. */
#include "fcgi/auth/client_address.h"

#include <string.h>

#define HOPS_MAX  16u /* proxies in a row; a client behind more is not found */
#define BLANKS    " \t"
#define FORWARDED "HTTP_X_FORWARDED_FOR"

static size_t trimmed(const char *text, size_t length)
{
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		length--;
	return length;
}

/* An address as getnameinfo(3) writes it: a link-local one may be followed by its interface (RFC 4007, section 11). */
static bool read_address(const char *text, size_t length, struct ip_address *out)
{
	const char *zone = memchr(text, '%', length);

	return ip_address_parse(text, zone ? (size_t)(zone - text) : length, out);
}

/* ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, because some proxies add the port. */
static bool read_entry(const char *text, size_t length, struct ip_address *out)
{
	const char *end;

	if (read_address(text, length, out))
		return true;
	if (length > 1 && text[0] == '[')
		return (end = memchr(text, ']', length)) && read_address(text + 1, (size_t)(end - text) - 1, out);
	return (end = memchr(text, ':', length)) && read_address(text, (size_t)(end - text), out);
}

/* Takes the last entry off a list, of which *length bytes remain. Returns false if there is none. */
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

bool client_address_parse(const char *remote, const char *forwarded, const char *proxies, struct ip_address *out)
{
	struct ip_address named;
	size_t left = strlen(forwarded), length;
	const char *entry;

	if (!read_address(remote, strlen(remote), out))
		return false;
	if (!ip_networks_contain(proxies, out))
		return !ip_address_is_loopback(out);
	for (unsigned hop = 0; hop < HOPS_MAX && take_last(forwarded, &left, &entry, &length); hop++) {
		if (!read_entry(entry, length, &named))
			return true;
		*out = named;
		if (!ip_networks_contain(proxies, out))
			return !ip_address_is_loopback(out);
	}
	return false;
}

/* The header, or "" if absent. *count is how many parameters have that name. */
static const char *find_forwarded(const struct fastcgi_request *request, unsigned *count)
{
	const char *found = "";
	size_t length = strlen(FORWARDED);

	*count = 0;
	for (char **at = request->fcgx.envp; at && *at; at++) {
		if (strncmp(*at, FORWARDED, length) != 0 || (*at)[length] != '=')
			continue;
		found = *at + length + 1;
		++*count;
	}
	return found;
}

bool client_address_from_request(const struct fastcgi_request *request, const char *proxies, struct ip_address *out)
{
	unsigned count;
	const char *forwarded = find_forwarded(request, &count);

	return client_address_parse(fastcgi_param(request, "REMOTE_ADDR"), forwarded, proxies, out);
}

bool client_address_is_ambiguous(const struct fastcgi_request *request, const char *proxies)
{
	const char *remote = fastcgi_param(request, "REMOTE_ADDR");
	struct ip_address address;
	unsigned count;

	find_forwarded(request, &count);
	return count > 1 && read_address(remote, strlen(remote), &address) && ip_networks_contain(proxies, &address);
}
