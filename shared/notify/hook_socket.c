/* hook_socket.c - the address and the packets of the socket between recorderd and recorder-hooks. */
#include "shared/notify/hook_socket.h"

#include <string.h>

const struct helper hook_helper = {"/run/recorder-hooks", "hooks"};

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
