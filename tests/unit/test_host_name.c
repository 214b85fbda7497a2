/* By which names a client on this machine may ask: fcgi/host_name.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fcgi/host_name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const here[] = {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"};

static void names_that_no_stranger_can_have_are_taken(void **state)
{
	static const char *const hosts[] = {
		"",          "localhost",   "LocalHost:5000", "localhost.:5000", "127.0.0.1",
		"[::1]",     "[::1]:5000",  "10.0.0.7:80",    "cellar",          "cellar:5000",
		"pi.local.", "Pi.Local:80", "a.localhost",    "[fe80::1%25eth0]"};

	(void)state;
	for (size_t i = 0; i < COUNT(here); i++)
		for (size_t k = 0; k < COUNT(hosts); k++)
			if (!host_name_trusted(here[i], hosts[k], ""))
				fail_msg("%s from %s", hosts[k], here[i]);
}

static void names_that_a_stranger_can_have_are_not(void **state)
{
	static const char *const hosts[] = {"evil.example",           "evil.example:5000",  "evil.example.",
					    "localhost.evil.example", "127.0.0.1.example",  "1.2.3",
					    "127.0.0.1x.a",           "evil.example:80:80", ".local.evil",
					    "notlocalhost.com",       "local.example"};

	(void)state;
	for (size_t i = 0; i < COUNT(here); i++)
		for (size_t k = 0; k < COUNT(hosts); k++)
			if (host_name_trusted(here[i], hosts[k], "cam.example"))
				fail_msg("%s from %s", hosts[k], here[i]);
}

static void listed_names_are_taken(void **state)
{
	static const char *const lists[] = {"cam.example.org", "*", "a.b, cam.example.org", " ,a.b  CAM.example.org, ",
					    "x,*"};
	static const char *const others[] = {
		"", " ", "am.example.org", "cam.example.or", "cam.example.orgs", "x.cam.example.org", "*.example.org"};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++)
		assert_true(host_name_trusted("127.0.0.1", "Cam.example.org:443", lists[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(host_name_trusted("127.0.0.1", "cam.example.org", others[i]));
}

static void a_name_that_is_too_long_is_none(void **state)
{
	char host[600];

	(void)state;
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_false(host_name_trusted("127.0.0.1", host, ""));
	assert_true(host_name_trusted("10.0.0.1", host, ""));
}

static void of_other_machines_no_name_is_asked_for(void **state)
{
	static const char *const remotes[] = {"192.168.1.7",     "10.127.0.0", "2001:db8::1",
					      "::ffff:10.0.0.1", "",           "::10"};

	(void)state;
	for (size_t i = 0; i < COUNT(remotes); i++)
		assert_true(host_name_trusted(remotes[i], "cam.example.org", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_no_stranger_can_have_are_taken),
		cmocka_unit_test(names_that_a_stranger_can_have_are_not),
		cmocka_unit_test(listed_names_are_taken),
		cmocka_unit_test(a_name_that_is_too_long_is_none),
		cmocka_unit_test(of_other_machines_no_name_is_asked_for),
	};

	return cmocka_run_group_tests_name("host_name", tests, NULL, NULL);
}
