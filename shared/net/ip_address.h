/*
 * ip_address.h - IP addresses and networks as text. Pure functions.
 *
 * An IPv4 address is stored as an IPv4-mapped IPv6 address (::ffff:a.b.c.d; RFC 4291, section 2.5.5.2), so a client has
 * the same form however a web server writes its address. A network is an address, or an address and a prefix length
 * (10.0.0.0/8, 2001:db8::/32; RFC 4632, section 3.1). Spaces or commas separate the networks of a list.
 */
#ifndef SHARED_NET_IP_ADDRESS_H
#define SHARED_NET_IP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip_address {
	uint8_t bytes[16];
};

/* Returns false if these `length` bytes are not exactly one address. */
bool ip_address_parse(const char *text, size_t length, struct ip_address *out);

/* 127.0.0.0/8 or ::1 */
bool ip_address_is_loopback(const struct ip_address *address);

/*
 * The part of an address that a client cannot change at will, followed by zeros: the first 64 bits of an IPv6 address,
 * because a host chooses the others itself (RFC 4291, section 2.5.4; RFC 8981); all of an IPv4 address, and all of a
 * link-local one, whose first 64 bits are the same everywhere.
 */
struct ip_address ip_address_network_part(const struct ip_address *address);

/* Whether a text is a list of networks. An empty text is. */
bool ip_networks_valid(const char *list);

/* Whether an address is in one of the networks. Ignores what is not a network. */
bool ip_networks_contain(const char *list, const struct ip_address *address);

#endif
