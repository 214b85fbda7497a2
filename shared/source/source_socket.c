/* source_socket.c - the address and the packets of the socket between recorder-source and recorderd. */
#include "shared/source/source_socket.h"

#include <string.h>

const struct helper source_helper = {"/run/recorder-source", "source"};

bool source_header_read(const uint8_t *data, struct source_header *out)
{
	memcpy(out, data, sizeof(*out));
	if (out->magic != SOURCE_MAGIC || out->reserved != 0)
		return false;
	switch (out->kind) {
	case SOURCE_HELLO:
		return out->number == SOURCE_VERSION && out->arrived_us == 0 && out->bytes == 0;
	case SOURCE_PICTURE:
		return out->number > 0 && out->bytes > 0 && out->bytes <= SOURCE_PICTURE_MAX;
	case SOURCE_ENDED:
		return out->number == 0 && out->arrived_us == 0 && out->bytes <= SOURCE_TEXT_MAX;
	default:
		return false;
	}
}
