/* ip_address.c - IP addresses and networks as text. */
#include "shared/net/ip_address.h"

#include <arpa/inet.h>
#include <string.h>

#define SEPARATORS   " ,"
#define IPV4_AT      12u /* the offset of an IPv4 address in its IPv6 form */
#define IPV4_BITS    (8u * IPV4_AT)
#define PREFIX_MAX   128u
#define PREFIX_CHARS 3u

static const uint8_t ipv4_prefix[IPV4_AT] = {[10] = 0xff, [11] = 0xff};

static bool is_ipv4(const struct ip_address *address)
{
	return memcmp(address->bytes, ipv4_prefix, IPV4_AT) == 0;
}

bool ip_address_parse(const char *text, size_t length, struct ip_address *out)
{
	char copy[INET6_ADDRSTRLEN];

	if (length == 0 || length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	memcpy(out->bytes, ipv4_prefix, IPV4_AT);
	return inet_pton(AF_INET, copy, out->bytes + IPV4_AT) == 1 || inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool ip_address_is_loopback(const struct ip_address *address)
{
	static const struct ip_address ipv6_loopback = {{[15] = 1}};

	return (is_ipv4(address) && address->bytes[IPV4_AT] == 127) ||
	       memcmp(address, &ipv6_loopback, sizeof(*address)) == 0;
}

static bool is_link_local(const struct ip_address *address)
{
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

struct ip_address ip_address_network_part(const struct ip_address *address)
{
	struct ip_address network = *address;

	if (!is_ipv4(address) && !is_link_local(address))
		memset(network.bytes + 8, 0, 8);
	return network;
}

struct ip_network {
	struct ip_address address;
	unsigned bits;
};

/* Reads the decimal number after the slash, at most `max`. */
static bool read_prefix_length(const char *text, size_t length, unsigned max, unsigned *bits)
{
	*bits = 0;
	if (length == 0 || length > PREFIX_CHARS)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*bits = *bits * 10 + (unsigned)(text[i] - '0');
	}
	return *bits <= max;
}

static bool read_network(const char *text, size_t length, struct ip_network *out)
{
	const char *slash = memchr(text, '/', length);
	size_t before = slash ? (size_t)(slash - text) : length;

	out->bits = PREFIX_MAX;
	if (!ip_address_parse(text, before, &out->address))
		return false;
	if (!slash)
		return true;
	/* The notation decides: ::ffff:10.0.0.0/104 counts from the first of 128 bits, 10.0.0.0/8 of the last 32. */
	unsigned first = memchr(text, ':', before) ? 0 : IPV4_BITS;
	if (!read_prefix_length(slash + 1, length - before - 1, PREFIX_MAX - first, &out->bits))
		return false;
	out->bits += first;
	return true;
}

static bool is_in(const struct ip_address *address, const struct ip_network *network)
{
	size_t whole = network->bits / 8;
	unsigned rest = network->bits % 8;

	if (memcmp(address->bytes, network->address.bytes, whole) != 0)
		return false;
	return rest == 0 || (address->bytes[whole] ^ network->address.bytes[whole]) >> (8 - rest) == 0;
}

/* The next word of a list and its length; NULL after the last. */
static const char *next_word(const char **at, size_t *length)
{
	const char *word = *at + strspn(*at, SEPARATORS);

	*length = strcspn(word, SEPARATORS);
	*at = word + *length;
	return *length > 0 ? word : NULL;
}

bool ip_networks_valid(const char *list)
{
	struct ip_network network;
	const char *word;
	size_t length;

	while ((word = next_word(&list, &length)))
		if (!read_network(word, length, &network))
			return false;
	return true;
}

bool ip_networks_contain(const char *list, const struct ip_address *address)
{
	struct ip_network network;
	const char *word;
	size_t length;

	while ((word = next_word(&list, &length)))
		if (read_network(word, length, &network) && is_in(address, &network))
			return true;
	return false;
}
