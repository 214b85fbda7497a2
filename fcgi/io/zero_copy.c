/* zero_copy.c - whether sendfile(2) avoids copies. */
#include "fcgi/io/zero_copy.h"

#include <stdio.h>
#include <sys/utsname.h>

static bool kernel_shares_pages(void)
{
	struct utsname system;
	int major = 0, minor = 0;

	return uname(&system) == 0 && sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 5));
}

bool zero_copy_is_supported(void)
{
	static enum { UNKNOWN, YES, NO } supported;

	if (supported == UNKNOWN)
		supported = kernel_shares_pages() ? YES : NO;
	return supported == YES;
}
