/* subprocess_cases.c - shell scripts as child processes. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/support/subprocess_cases.h"

size_t read_to_end(int fd, char *out, size_t bytes)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, out + have, bytes - 1 - have);

		if (got == 0)
			break;
		if (got > 0)
			have += (size_t)got;
		else
			assert_int_equal(poll(&ready, 1, 60000), 1);
	}
	out[have] = '\0';
	return have;
}

void start_shell(struct subprocess *child, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct subprocess_setup setup = subprocess_piped(argv);
	struct reason why;

	if (!subprocess_start(child, &setup, &why))
		fail_msg("%s", why.text);
}
