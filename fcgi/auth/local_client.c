/* local_client.c - whether a request comes from this machine itself. */
#include "fcgi/auth/local_client.h"

#include <string.h>
#include <strings.h>

#include "shared/net/ip_address.h"

/* Beginnings of the parameters that proxies add. */
static const char *const proxy_marks[] = {"HTTP_X_FORWARDED", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA"};

static bool is_loopback(const char *text, size_t length)
{
	struct ip_address address;

	return ip_address_parse(text, length, &address) && ip_address_is_loopback(&address);
}

static bool ends_in_localhost(const char *name, size_t length)
{
	static const char domain[] = ".localhost";
	const size_t tail = sizeof(domain) - 1;

	return length > tail && strncasecmp(name + length - tail, domain, tail) == 0;
}

/* NAME or ADDRESS with or without a port; an IPv6 address in brackets (RFC 3986, section 3.2.2). */
static bool host_is_local(const char *host)
{
	size_t length = strcspn(host, ":");

	if (host[0] == '[') {
		length = strcspn(host, "]");
		return host[length] == ']' && is_loopback(host + 1, length - 1);
	}
	return (length == strlen("localhost") && strncasecmp(host, "localhost", length) == 0) ||
	       ends_in_localhost(host, length) || is_loopback(host, length);
}

/*
 * A mark without a value is none: an example of a web server sets one to remove it. No browser speaks HTTP/1.0, but
 * nginx does with what it passes on, and gives it the Host of this server, unless it is configured otherwise.
 */
static bool is_proxied(const struct fastcgi_request *request)
{
	if (strcmp(fastcgi_param(request, "SERVER_PROTOCOL"), "HTTP/1.0") == 0)
		return true;
	for (char **at = request->fcgx.envp; at && *at; at++) {
		const char *value = strchr(*at, '=');
		for (size_t i = 0; value && value[1] && i < sizeof(proxy_marks) / sizeof(proxy_marks[0]); i++)
			if (strncmp(*at, proxy_marks[i], strlen(proxy_marks[i])) == 0)
				return true;
	}
	return false;
}

bool local_client_sent(const struct fastcgi_request *request)
{
	const char *client = fastcgi_param(request, "REMOTE_ADDR"), *server = fastcgi_param(request, "SERVER_ADDR");

	return is_loopback(client, strlen(client)) && is_loopback(server, strlen(server)) &&
	       host_is_local(fastcgi_param(request, "HTTP_HOST")) && !is_proxied(request);
}

bool local_client_may_control(const struct fastcgi_request *request, enum config_allow allow)
{
	return allow == ALLOW_YES || (allow == ALLOW_LOCAL && local_client_sent(request));
}
