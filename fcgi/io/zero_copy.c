/* zero_copy.c - see zero_copy.h. */
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
	static enum { NOT_ASKED, YES, NO } known;

	if (known == NOT_ASKED)
		known = kernel_shares_pages() ? YES : NO;
	return known == YES;
}
