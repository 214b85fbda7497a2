/*
 * ip_address.h - IP addresses and networks as text. Pure.
 *
 * An IPv4 address is kept in the form that IPv6 has for it (::ffff:a.b.c.d; RFC 4291, section 2.5.5.2), so the same
 * client has one form whichever way a web server writes it. A network is an address, or an address and the length of
 * its prefix (10.0.0.0/8, 2001:db8::/32; RFC 4632, section 3.1); a list has blanks or commas between its networks.
 */
#ifndef SHARED_NET_IP_ADDRESS_H
#define SHARED_NET_IP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip_address {
	uint8_t bytes[16];
};

/* False if these `length` bytes are not exactly one address. */
bool ip_address_parse(const char *text, size_t length, struct ip_address *out);

/* 127.0.0.0/8 or ::1 */
bool ip_address_is_loopback(const struct ip_address *address);

/*
 * The part of an address that a client cannot change at will: the first 64 bits of IPv6, since a host chooses the
 * others itself (RFC 4291, section 2.5.4; RFC 8981), zeros behind them; all of an IPv4 address, and of a link-local
 * one, whose first 64 bits are the same everywhere.
 */
struct ip_address ip_address_network_part(const struct ip_address *address);

/* Whether a text is a list of networks; an empty one is. */
bool ip_networks_valid(const char *list);

/* Whether an address is in one of the networks. What is no network in the list matches nothing. */
bool ip_networks_contain(const char *list, const struct ip_address *address);

#endif
