/*
 * fuzz_address.c - REMOTE_ADDR, X-Forwarded-For and http.proxies.
 *
 * The client that is found is not a proxy, unless a proxy has named nonsense; it does not depend on what comes before
 * the entries of the last proxies; and a valid list contains every address in it. Input: three texts separated by NUL.
 */
#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <string.h>

#include "fcgi/auth/client_address.h"

static bool same(const struct ip_address *a, const struct ip_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void check_address(const char *text)
{
	struct ip_address address, again;
	char written[INET6_ADDRSTRLEN];

	if (!ip_address_parse(text, strlen(text), &address))
		return;
	holds(ip_networks_valid(text) && ip_networks_contain(text, &address));
	holds(inet_ntop(AF_INET6, address.bytes, written, sizeof(written)) != NULL);
	holds(ip_address_parse(written, strlen(written), &again) && same(&address, &again));
	again = ip_address_network_part(&address);
	address = ip_address_network_part(&again);
	holds(same(&address, &again));
}

static void check_client(const char *remote, const char *forwarded, const char *proxies)
{
	struct ip_address client, again;
	bool counts = client_address_parse(remote, forwarded, proxies, &client);
	size_t bytes = strlen(forwarded) + sizeof("203.0.113.9,");
	char *longer = malloc(bytes);

	bool named = counts && !ip_networks_contain(proxies, &client);
	if (named)
		holds(!ip_address_is_loopback(&client));
	if (longer && named) {
		snprintf(longer, bytes, "203.0.113.9,%s", forwarded);
		holds(client_address_parse(remote, longer, proxies, &again) && same(&client, &again));
	}
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	char *remote = input_text(&input), *forwarded = input_text(&input), *proxies = input_text(&input);

	check_address(remote);
	check_address(forwarded);
	if (ip_networks_valid(proxies))
		check_client(remote, forwarded, proxies);
	free(remote);
	free(forwarded);
	free(proxies);
	return 0;
}
