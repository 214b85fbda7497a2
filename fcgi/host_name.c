/* host_name.c - see host_name.h. */
#include "fcgi/host_name.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES 256 /* RFC 1035, section 2.3.4: at most 253 and a dot at the end */

static bool is_this_machine(const char *remote)
{
	return strncmp(remote, "127.", 4) == 0 || strcmp(remote, "::1") == 0 || strncmp(remote, "::ffff:127.", 11) == 0;
}

/* The name alone: without a port, and without the dot that may end it. False where it is longer than any name. */
static bool read_name(const char *host, char out[NAME_BYTES])
{
	size_t length = strcspn(host, ":");

	if (length > 0 && host[length - 1] == '.')
		length--;
	if (length >= NAME_BYTES)
		return false;
	memcpy(out, host, length);
	out[length] = '\0';
	return true;
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length > tail && strcasecmp(name + length - tail, end) == 0;
}

static bool is_listed(const char *name, const char *names)
{
	size_t length = strlen(name);

	for (const char *at = names + strspn(names, " ,"); *at; at += strspn(at, " ,")) {
		size_t word = strcspn(at, " ,");
		if ((word == 1 && *at == '*') || (word == length && strncasecmp(at, name, word) == 0))
			return true;
		at += word;
	}
	return false;
}

bool host_name_trusted(const char *remote, const char *host, const char *names)
{
	char name[NAME_BYTES];
	struct in_addr address;

	if (!is_this_machine(remote) || *host == '[')
		return true;
	if (!read_name(host, name))
		return is_listed("", names);
	return !strchr(name, '.') || ends_in(name, ".localhost") || ends_in(name, ".local") ||
	       inet_pton(AF_INET, name, &address) == 1 || is_listed(name, names);
}
