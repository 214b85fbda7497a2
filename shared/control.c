/* control.c - see control.h. */
#include "shared/control.h"

#include <stddef.h>
#include <stdio.h>

socklen_t control_address(const char *camera, struct sockaddr_un *out)
{
	int length;

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	length = snprintf(out->sun_path + 1, sizeof(out->sun_path) - 1, "recorderd/%.40s/control", camera);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}
