/* test_accept.c - the header Accept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fcgi/http/accept.h"

static void the_most_specific_range_decides(void **state)
{
	static const struct {
		const char *accept, *type, *subtype;
		unsigned quality;
	} cases[] = {
		{"", "text", "html", 1000},
		{" \t", "text", "html", 1000},
		{"*/*", "text", "html", 1000},
		{"text/*", "text", "html", 1000},
		{"text/html", "text", "html", 1000},
		{"TEXT/Html", "text", "html", 1000},
		{"image/*", "text", "html", 0},
		{"text/plain", "text", "html", 0},
		{"text/html;q=0.8", "text", "html", 800},
		{"text/html ; Q=0.85", "text", "html", 850},
		{"text/html;level=1;q=0.125", "text", "html", 125},
		{"text/html;q=1.000", "text", "html", 1000},
		{"text/html;q=0", "text", "html", 0},
		{"*/*;q=0.8,text/html;q=0.3,text/*;q=0.9", "text", "html", 300},
		{"*/*;q=0.8,text/*;q=0.3", "text", "html", 300},
		{"text/*;q=0.3, */*", "text", "html", 300},
		{"application/xml;q=0.9,*/*;q=0.8", "text", "html", 800},
		{",, ,text/html;q=0.4,", "text", "html", 400},
		/* malformed ranges are ignored */
		{"text/html;q=2", "text", "html", 0},
		{"text/html;q=1.5", "text", "html", 0},
		{"text/html;q=0.1234", "text", "html", 0},
		{"text/html;q=", "text", "html", 0},
		{"text/html;q=x,*/*;q=0.5", "text", "html", 500},
		{"text", "text", "html", 0},
		{"*", "text", "html", 0},
		{"texthtml/", "text", "html", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned quality = accept_quality(cases[i].accept, cases[i].type, cases[i].subtype);
		if (quality != cases[i].quality)
			fail_msg("\"%s\": %u instead of %u", cases[i].accept, quality, cases[i].quality);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_range_decides),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
