/* hook_socket.c - the address and the packets of the socket between recorderd and recorder-hooks. */
#include "shared/notify/hook_socket.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/ring/user_folder.h"

bool hook_packet_read(const uint8_t *data, size_t bytes, struct hook_news *out)
{
	struct hook_packet packet;

	*out = (struct hook_news){0};
	if (bytes < sizeof(packet))
		return false;
	memcpy(&packet, data, sizeof(packet));
	if (packet.magic != HOOK_MAGIC || packet.kind >= HOOK_PACKET_KINDS)
		return false;
	out->kind = (enum hook_packet_kind)packet.kind;
	out->count = packet.count;
	data += sizeof(packet);
	bytes -= sizeof(packet);
	if (out->kind == HOOK_NOTIFICATION)
		return notification_record_split(data, bytes, &out->notification);
	if (out->kind == HOOK_MOTION)
		return motion_ring_record(data, bytes, &out->motion);
	return bytes == 0;
}

bool hook_hello_read(const uint8_t *data, size_t bytes, struct hook_hello *out)
{
	if (bytes != sizeof(*out))
		return false;
	memcpy(out, data, sizeof(*out));
	return out->magic == HOOK_MAGIC && out->version == HOOK_VERSION;
}

static bool set_path(const char *folder, const char *camera, struct hook_address *out)
{
	struct sockaddr_un *address = &out->address;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%.32s.hooks", folder, camera);
	out->bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length + 1);
	return length > 0 && (size_t)length < sizeof(address->sun_path);
}

/* The folder that root has made. Nobody but its owner may put anything into it. */
static bool use_group_folder(const char *camera, struct hook_address *out)
{
	struct stat status;

	if (lstat(HOOK_FOLDER, &status) != 0 || !S_ISDIR(status.st_mode) || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return false;
	out->owner = status.st_uid;
	out->group = status.st_gid;
	out->is_for_group = true;
	return set_path(HOOK_FOLDER, camera, out);
}

static bool use_user_folder(const char *camera, struct hook_address *out)
{
	char folder[USER_FOLDER_BYTES];

	if (!user_folder_find(geteuid(), folder))
		return false;
	out->owner = geteuid();
	out->group = getegid();
	out->is_for_group = false;
	return set_path(folder, camera, out);
}

bool hook_address_of_server(const char *camera, struct hook_address *out)
{
	*out = (struct hook_address){0};
	return (use_group_folder(camera, out) && out->owner == geteuid()) || use_user_folder(camera, out);
}

bool hook_address_of_client(const char *camera, int number, struct hook_address *out)
{
	*out = (struct hook_address){0};
	return number == 0 ? use_user_folder(camera, out) : use_group_folder(camera, out);
}
