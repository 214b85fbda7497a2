/* control.c - the address of a recorder's control socket. */
#include "shared/ring/control.h"

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/ring/user_folder.h"

socklen_t control_address(const char *camera, struct sockaddr_un *out)
{
	char folder[USER_FOLDER_BYTES];

	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!user_folder_find(geteuid(), folder))
		return 0;
	int length = snprintf(out->sun_path, sizeof(out->sun_path), "%s/%.32s.control", folder, camera);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1);
}
