/* break_out.c - the targets of attempts to leave a sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "tests/unit/support/break_out.h"

struct target target;
volatile int in_parent = 42;

int attempt_errno(long outcome)
{
	return outcome < 0 ? errno : 0;
}

int attempt_open(const char *path, int flags)
{
	return attempt_errno(open(path, flags | O_CLOEXEC, 0600));
}

const char *path_within(const char *directory, const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}
