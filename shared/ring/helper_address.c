/* helper_address.c - where recorderd listens for a program that helps it. */
#include "shared/ring/helper_address.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/net/unix_listener.h"
#include "shared/ring/user_folder.h"

#define MODE_OF_USER  0600
#define MODE_OF_GROUP 0660

static bool set_path(const struct helper *helper, const char *folder, const char *camera, struct helper_address *out)
{
	struct sockaddr_un *address = &out->address;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length =
		snprintf(address->sun_path, sizeof(address->sun_path), "%s/%.32s.%s", folder, camera, helper->suffix);
	out->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1);
	return length > 0 && (size_t)length < sizeof(address->sun_path);
}

/* The folder that root has made. Nobody but its owner may put anything into it. */
static bool use_group_folder(const struct helper *helper, const char *camera, struct helper_address *out)
{
	struct stat status;

	if (lstat(helper->folder, &status) != 0 || !S_ISDIR(status.st_mode) ||
	    (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	out->owner = status.st_uid;
	out->group = status.st_gid;
	out->is_for_group = true;
	return set_path(helper, helper->folder, camera, out);
}

static bool use_user_folder(const struct helper *helper, const char *camera, struct helper_address *out)
{
	char folder[USER_FOLDER_BYTES];

	if (!user_folder_find(geteuid(), folder))
		return false;
	out->owner = geteuid();
	out->group = getegid();
	out->is_for_group = false;
	return set_path(helper, folder, camera, out);
}

bool helper_address_of_server(const struct helper *helper, const char *camera, struct helper_address *out)
{
	*out = (struct helper_address){0};
	return (use_group_folder(helper, camera, out) && out->owner == geteuid()) ||
	       use_user_folder(helper, camera, out);
}

bool helper_address_of_client(const struct helper *helper, const char *camera, int number, struct helper_address *out)
{
	*out = (struct helper_address){0};
	return number == 0 ? use_user_folder(helper, camera, out) : use_group_folder(helper, camera, out);
}

mode_t helper_address_mode(const struct helper_address *address)
{
	return address->is_for_group ? MODE_OF_GROUP : MODE_OF_USER;
}

bool helper_address_trusts_client(const struct helper_address *address, int fd)
{
	struct ucred peer;

	return unix_peer_credentials(fd, &peer) &&
	       (peer.uid == geteuid() || (address->is_for_group && unix_peer_is_in_group(fd, address->group)));
}

bool helper_address_trusts_server(const struct helper_address *address, int fd)
{
	struct ucred peer;

	return unix_peer_credentials(fd, &peer) && peer.uid == address->owner;
}

/* Returns the connected socket, or -1. */
static int connect_to(const struct helper_address *address, int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address->address, address->bytes) == 0 &&
	    helper_address_trusts_server(address, fd))
		return fd;
	close(fd);
	return -1;
}

int helper_connect(const struct helper *helper, const char *camera, int type)
{
	struct helper_address address;
	int fd = -1;

	for (int number = 0; number < HELPER_ADDRESS_CHOICES && fd < 0; number++)
		if (helper_address_of_client(helper, camera, number, &address))
			fd = connect_to(&address, type);
	return fd;
}
