/* test_trusted_host.c - the host names by which the recorder may be reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fcgi/auth/trusted_host.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct own_host_name nobody;

static void names_that_no_stranger_can_own_are_trusted(void **state)
{
	static const char *const hosts[] = {
		"",          "localhost",   "LocalHost:5000", "localhost.:5000",  "127.0.0.1",
		"[::1]",     "[::1]:5000",  "10.0.0.7:80",    "cellar",           "cellar:5000",
		"pi.local.", "Pi.Local:80", "a.localhost",    "[fe80::1%25eth0]", "[2001:db8::7]:443"};

	(void)state;
	for (size_t k = 0; k < COUNT(hosts); k++)
		if (!trusted_host_check(hosts[k], &nobody, ""))
			fail_msg("%s", hosts[k]);
}

static void names_that_a_stranger_can_own_are_not_trusted(void **state)
{
	static const char *const hosts[] = {"evil.example",      "evil.example:5000",
					    "evil.example.",     "localhost.evil.example",
					    "127.0.0.1.example", "1.2.3",
					    "127.0.0.1x.a",      "evil.example:80:80",
					    ".local.evil",       "notlocalhost.com",
					    "local.example",     "[evil.example]",
					    "[evil.example",     "[]",
					    "[%eth0]",           "[::1",
					    "pi.evil.example"};

	(void)state;
	for (size_t k = 0; k < COUNT(hosts); k++)
		if (trusted_host_check(hosts[k], &nobody, "cam.example"))
			fail_msg("%s", hosts[k]);
}

static void listed_names_are_trusted(void **state)
{
	static const char *const lists[] = {
		"cam.example.org", "*",        "a.b, cam.example.org", " ,a.b  CAM.example.org, ", "x,*",
		"*.example.org",   "a.b *.org"};
	static const char *const others[] = {"",
					     " ",
					     "am.example.org",
					     "cam.example.or",
					     "cam.example.orgs",
					     "x.cam.example.org",
					     "*.cam.example.org",
					     "*.ample.org",
					     "*g"};

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++)
		assert_true(trusted_host_check("Cam.example.org:443", &nobody, lists[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(trusted_host_check("cam.example.org", &nobody, others[i]));
}

static void a_name_that_is_too_long_is_not_trusted(void **state)
{
	char host[600];

	(void)state;
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	assert_false(trusted_host_check(host, &nobody, ""));
	host[0] = '[';
	assert_false(trusted_host_check(host, &nobody, ""));
	host[300] = ']';
	assert_false(trusted_host_check(host, &nobody, ""));
}

static void this_machines_own_names_are_trusted(void **state)
{
	const struct own_host_name own = {.name = "Cellar.Example.org", .fqdn = "cellar.lan"};

	(void)state;
	assert_true(trusted_host_check("cellar.example.org:5000", &own, ""));
	assert_true(trusted_host_check("CELLAR.lan.", &own, ""));
	assert_false(trusted_host_check("cellar.evil.example", &own, ""));
}

static void this_machine_finds_its_name(void **state)
{
	char name[HOST_NAME_BYTES] = "";
	struct own_host_name own;

	(void)state;
	assert_int_equal(gethostname(name, sizeof(name)), 0);
	own_host_name_find(&own);
	assert_string_equal(own.name, name);
	assert_true(trusted_host_check(name, &own, ""));
	assert_true(own.fqdn[0] == '\0' || trusted_host_check(own.fqdn, &own, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_no_stranger_can_own_are_trusted),
		cmocka_unit_test(names_that_a_stranger_can_own_are_not_trusted),
		cmocka_unit_test(listed_names_are_trusted),
		cmocka_unit_test(a_name_that_is_too_long_is_not_trusted),
		cmocka_unit_test(this_machines_own_names_are_trusted),
		cmocka_unit_test(this_machine_finds_its_name),
	};

	return cmocka_run_group_tests_name("trusted_host", tests, NULL, NULL);
}
