/* test_local_client.c - requests that come from this machine itself, and http.allow_control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fcgi/auth/local_client.h"

#define PARAMETERS_MAX 5

static bool is_local(const char *client, const char *server, const char *host, const char *more)
{
	char texts[3][120];
	char *environment[PARAMETERS_MAX] = {texts[0], texts[1], texts[2]};
	char last[120];

	snprintf(texts[0], sizeof(texts[0]), "REMOTE_ADDR=%s", client);
	snprintf(texts[1], sizeof(texts[1]), "SERVER_ADDR=%s", server);
	snprintf(texts[2], sizeof(texts[2]), "HTTP_HOST=%s", host);
	snprintf(last, sizeof(last), "%s", more);
	environment[3] = *more ? last : NULL;
	const struct fastcgi_request request = {.fcgx.envp = environment};

	return local_client_sent(&request);
}

static void a_loopback_connection_to_localhost_is_local(void **state)
{
	static const char *const hosts[] = {"localhost",      "localhost:5000", "LocalHost:80", "cam.localhost:5000",
					    "127.0.0.1:5000", "127.1.2.3",      "[::1]:5000",   "[::1]"};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (!is_local("127.0.0.1", "127.0.0.1", hosts[i], ""))
			fail_msg("%s", hosts[i]);
	assert_true(is_local("::1", "::1", "localhost", ""));
	assert_true(is_local("::ffff:127.0.0.1", "::ffff:127.0.0.1", "localhost", ""));
	assert_true(is_local("127.0.0.1", "127.0.0.1", "localhost", "HTTP_X_FORWARDED_FOR="));
	assert_true(is_local("127.0.0.1", "127.0.0.1", "localhost", "SERVER_PROTOCOL=HTTP/1.1"));
	assert_true(is_local("127.0.0.1", "127.0.0.1", "localhost", "SERVER_PROTOCOL=HTTP/2.0"));
}

static void everybody_else_is_not(void **state)
{
	static const char *const hosts[] = {"",
					    "cam",
					    "cam.example:5000",
					    "192.0.2.7:5000",
					    "[2001:db8::7]",
					    "[::1",
					    "::1",
					    ".localhost",
					    "localhost.evil",
					    "notlocalhost",
					    "128.0.0.1",
					    "127.0.0.1.evil",
					    "127.0.0.1,evil"};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (is_local("127.0.0.1", "127.0.0.1", hosts[i], ""))
			fail_msg("%s", hosts[i]);
	assert_false(is_local("192.0.2.9", "127.0.0.1", "localhost", ""));
	assert_false(is_local("127.0.0.1", "192.0.2.7", "localhost", ""));
	assert_false(is_local("192.0.2.9", "192.0.2.7", "localhost", ""));
	assert_false(is_local("172.17.0.1", "172.17.0.2", "localhost:5000", "")); /* a container's host */
	assert_false(is_local("", "", "localhost", ""));
	assert_false(is_local("unix:", "unix:", "localhost", ""));
}

static void what_a_proxy_passed_on_is_not_local(void **state)
{
	static const char *const marks[] = {"HTTP_X_FORWARDED_FOR=192.0.2.9",    "HTTP_X_FORWARDED_FOR=127.0.0.1",
					    "HTTP_X_FORWARDED_HOST=cam.example", "HTTP_FORWARDED=for=192.0.2.9",
					    "HTTP_X_REAL_IP=192.0.2.9",          "HTTP_VIA=1.1 cache",
					    "SERVER_PROTOCOL=HTTP/1.0"};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (is_local("127.0.0.1", "127.0.0.1", "localhost", marks[i]))
			fail_msg("%s", marks[i]);
}

static void allow_control_says_who_may_make_changes(void **state)
{
	char *here[] = {(char[]){"REMOTE_ADDR=127.0.0.1"}, (char[]){"SERVER_ADDR=127.0.0.1"},
			(char[]){"HTTP_HOST=localhost:5000"}, NULL};
	char *elsewhere[] = {(char[]){"REMOTE_ADDR=192.0.2.9"}, (char[]){"SERVER_ADDR=192.0.2.7"},
			     (char[]){"HTTP_HOST=192.0.2.7:5000"}, NULL};
	const struct fastcgi_request own = {.fcgx.envp = here}, other = {.fcgx.envp = elsewhere};

	(void)state;
	assert_false(local_client_may_control(&own, ALLOW_NO) || local_client_may_control(&other, ALLOW_NO));
	assert_true(local_client_may_control(&own, ALLOW_YES) && local_client_may_control(&other, ALLOW_YES));
	assert_true(local_client_may_control(&own, ALLOW_LOCAL));
	assert_false(local_client_may_control(&other, ALLOW_LOCAL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loopback_connection_to_localhost_is_local),
		cmocka_unit_test(everybody_else_is_not),
		cmocka_unit_test(what_a_proxy_passed_on_is_not_local),
		cmocka_unit_test(allow_control_says_who_may_make_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
