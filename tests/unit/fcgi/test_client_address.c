/* test_client_address.c - addresses and networks as text, and what proxies say about their clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/auth/client_address.h"

static struct ip_address address_of(const char *text)
{
	struct ip_address address;

	assert_true(ip_address_parse(text, strlen(text), &address));
	return address;
}

static bool is_in(const char *networks, const char *text)
{
	const struct ip_address address = address_of(text);

	return ip_networks_contain(networks, &address);
}

static void addresses_are_parsed_completely_or_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "1.2.3",
					    "1.2.3.4.5",
					    "1.2.3.256",
					    "01.2.3.4",
					    "0x1.2.3.4",
					    "1.2.3.4 ",
					    " 1.2.3.4",
					    "1.2.3.4\n",
					    "::1%lo",
					    "[::1]",
					    "1:2:3:4:5:6:7:8:9",
					    ":::",
					    "12345::",
					    "localhost",
					    "unix:",
					    "::ffff:1.2.3.4.5",
					    "0000:0000:0000:0000:0000:0000:255.255.255.2555555555555"};
	struct ip_address address;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(ip_address_parse(wrong[i], strlen(wrong[i]), &address));
	assert_false(ip_address_parse("1.2.3.4\0", 8, &address));
	assert_true(ip_address_parse("1.2.3.45", 7, &address)); /* only its first 7 bytes */
	assert_memory_equal(address.bytes + 12, ((uint8_t[]){1, 2, 3, 4}), 4);
}

static void an_address_has_one_form(void **state)
{
	const struct ip_address four = address_of("192.0.2.7"), mapped = address_of("::ffff:192.0.2.7"),
				hex = address_of("::ffff:c000:207");

	(void)state;
	assert_memory_equal(&four, &mapped, sizeof(four));
	assert_memory_equal(&four, &hex, sizeof(four));
}

static bool is_loopback(const char *text)
{
	const struct ip_address address = address_of(text);

	return ip_address_is_loopback(&address);
}

static void loopback_is_recognised_in_all_forms(void **state)
{
	(void)state;
	assert_true(is_loopback("127.0.0.1") && is_loopback("127.255.0.9") && is_loopback("::1") &&
		    is_loopback("::ffff:127.0.0.1") && is_loopback("0:0:0:0:0:0:0:1"));
	assert_false(is_loopback("128.0.0.1") || is_loopback("::") || is_loopback("::2") ||
		     is_loopback("::127.0.0.1") || is_loopback("fe80::1"));
}

static void lists_of_networks_are_checked(void **state)
{
	static const char *const good[] = {
		"", " , ", "10.0.0.0/8", "10.0.0.1, 2001:db8::/32 ::1", "0.0.0.0/0 ::/0", "192.0.2.7/32", "::1/128"};
	static const char *const wrong[] = {"10.0.0.0/",      "10.0.0.0/33", "10.0.0.0/-1",  "10.0.0.0/8/8", "10.0.0/8",
					    "2001:db8::/129", "/8",          "10.0.0.0/8a",  "a.example",    "*",
					    "10.0.0.0/0008",  "10.0.0.0/+8", "10.0.0.0;::1", "::1%lo"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(ip_networks_valid(good[i]));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(ip_networks_valid(wrong[i]));
}

static void an_address_is_only_in_its_own_network(void **state)
{
	(void)state;
	assert_true(is_in("192.0.2.7", "192.0.2.7") && is_in("10.0.0.0/8", "10.255.255.255") &&
		    is_in("10.1.2.3/8", "10.9.9.9") && is_in("172.16.0.0/12", "172.31.0.1") &&
		    is_in("192.0.2.6/31", "192.0.2.7") && is_in("0.0.0.0/0", "8.8.8.8") && is_in("::/0", "8.8.8.8") &&
		    is_in("2001:db8:8::/45", "2001:db8:f::1") && is_in("x, 192.0.2.7", "::ffff:192.0.2.7"));
	assert_false(is_in("", "192.0.2.7") || is_in("192.0.2.7", "192.0.2.8") || is_in("10.0.0.0/8", "11.0.0.0") ||
		     is_in("172.16.0.0/12", "172.32.0.1") || is_in("192.0.2.6/31", "192.0.2.8") ||
		     is_in("0.0.0.0/0", "2001:db8::1") || is_in("2001:db8:8::/45", "2001:db8:10::1"));
}

static void the_network_part_is_what_a_host_cannot_choose(void **state)
{
	static const struct {
		const char *address, *network;
	} cases[] = {
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"192.0.2.7", "192.0.2.7"},
		{"fe80::1:2", "fe80::1:2"},
		{"fec0::1:2", "fec0::"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct ip_address address = address_of(cases[i].address), wanted = address_of(cases[i].network);
		const struct ip_address network = ip_address_network_part(&address);
		assert_memory_equal(&network, &wanted, sizeof(wanted));
	}
}

/* NULL: it is not limited. */
static void assert_client(const char *remote, const char *forwarded, const char *proxies, const char *wanted)
{
	struct ip_address client;
	bool counts = client_address_parse(remote, forwarded, proxies, &client);

	assert_int_equal(counts, wanted != NULL);
	if (!wanted)
		return;
	const struct ip_address address = address_of(wanted);
	assert_memory_equal(&client, &address, sizeof(address));
}

static void without_a_proxy_the_header_is_ignored(void **state)
{
	(void)state;
	assert_client("192.0.2.7", "", "", "192.0.2.7");
	assert_client("192.0.2.7", "198.51.100.1", "", "192.0.2.7");
	assert_client("192.0.2.7", "198.51.100.1", "192.0.2.8", "192.0.2.7");
	assert_client("2001:db8::7", "127.0.0.1", "192.0.2.8", "2001:db8::7");
}

/* Apache names the interface: "fe80::7%eth0". */
static void a_link_local_client_counts(void **state)
{
	(void)state;
	assert_client("fe80::7%eth0", "", "", "fe80::7");
	assert_client("fe80::7%eth0", "198.51.100.1", "fe80::8", "fe80::7");
	assert_client("fe80::8%eth0", "192.0.2.7", "fe80::8", "192.0.2.7");
	assert_client("10.0.0.2", "fe80::7%25eth0", "10.0.0.0/8", "fe80::7");
	assert_client("10.0.0.2", "[fe80::7%eth0]:4711", "10.0.0.0/8", "fe80::7");
	assert_client("::1%lo", "", "", NULL);
	assert_client("%eth0", "", "", NULL);
}

static void this_machine_is_not_limited_and_its_header_is_ignored(void **state)
{
	(void)state;
	assert_client("127.0.0.1", "", "", NULL);
	assert_client("::1", "", "", NULL);
	assert_client("::ffff:127.0.0.1", "198.51.100.1", "192.0.2.8", NULL);
	assert_client("unix:", "198.51.100.1", "192.0.2.8", NULL);
	assert_client("", "198.51.100.1", "0.0.0.0/0 ::/0", NULL);
}

static void a_proxy_appends_its_client_at_the_end(void **state)
{
	(void)state;
	assert_client("127.0.0.1", "192.0.2.7", "127.0.0.1", "192.0.2.7");
	assert_client("10.0.0.2", "198.51.100.1, 192.0.2.7", "10.0.0.0/8", "192.0.2.7");
	assert_client("10.0.0.2", "198.51.100.1,192.0.2.7 , 10.0.0.3\t,10.0.0.4 ", "10.0.0.0/8", "192.0.2.7");
	assert_client("10.0.0.2", "192.0.2.7:4711", "10.0.0.0/8", "192.0.2.7");
	assert_client("10.0.0.2", "[2001:db8::7]:4711", "10.0.0.0/8", "2001:db8::7");
	assert_client("10.0.0.2", "[2001:db8::7]", "10.0.0.0/8", "2001:db8::7");
	assert_client("2001:db8::2", "2001:db8:9::7", "2001:db8::/48", "2001:db8:9::7");
	assert_client("10.0.0.2", "127.0.0.1", "10.0.0.0/8", NULL);
}

static void a_proxy_without_a_client_is_not_limited(void **state)
{
	(void)state;
	assert_client("10.0.0.2", "", "10.0.0.0/8", NULL);
	assert_client("10.0.0.2", " \t ", "10.0.0.0/8", NULL);
	assert_client("10.0.0.2", "10.0.0.9", "10.0.0.0/8", NULL);
}

static void an_invalid_entry_counts_against_the_proxy(void **state)
{
	static const char *const nonsense[] = {
		"unknown", "_hidden", "192.0.2.7, x",  ",",     "192.0.2.7,",    "[",  "[]", "[192.0.2.7",
		":",       "[::1",    "\"192.0.2.7\"", "1.2.3", "192.0.2.7, , ", "]:1"};
	char *many = malloc(60001);

	(void)state;
	for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++)
		assert_client("10.0.0.2", nonsense[i], "10.0.0.0/8", "10.0.0.2");
	assert_client("10.0.0.2", "nonsense, 10.0.0.3", "10.0.0.0/8", "10.0.0.3");
	assert_non_null(many);
	memset(many, 'a', 60000);
	many[60000] = '\0';
	assert_client("10.0.0.2", many, "10.0.0.0/8", "10.0.0.2");
	/* Nobody has that many proxies in a row. */
	for (size_t i = 0; i < 60000; i++)
		many[i] = "10.0.0.3,"[i % 9];
	many[59993] = '\0';
	assert_client("10.0.0.2", many, "10.0.0.0/8", NULL);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_parsed_completely_or_refused),
		cmocka_unit_test(an_address_has_one_form),
		cmocka_unit_test(loopback_is_recognised_in_all_forms),
		cmocka_unit_test(lists_of_networks_are_checked),
		cmocka_unit_test(an_address_is_only_in_its_own_network),
		cmocka_unit_test(the_network_part_is_what_a_host_cannot_choose),
		cmocka_unit_test(without_a_proxy_the_header_is_ignored),
		cmocka_unit_test(a_link_local_client_counts),
		cmocka_unit_test(this_machine_is_not_limited_and_its_header_is_ignored),
		cmocka_unit_test(a_proxy_appends_its_client_at_the_end),
		cmocka_unit_test(a_proxy_without_a_client_is_not_limited),
		cmocka_unit_test(an_invalid_entry_counts_against_the_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
