/* subprocess_cases.h - shell scripts as child processes, for tests. */
#ifndef TESTS_UNIT_SUPPORT_SUBPROCESS_CASES_H
#define TESTS_UNIT_SUPPORT_SUBPROCESS_CASES_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/event/subprocess.h"

static struct reason why;

/* Everything up to the end of that pipe. */
static inline size_t read_all(int fd, char *out, size_t bytes)
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

static inline void shell(struct subprocess *child, const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	const struct subprocess_setup setup = subprocess_piped(argv);

	if (!subprocess_start(child, &setup, &why))
		fail_msg("%s", why.text);
}

#endif
