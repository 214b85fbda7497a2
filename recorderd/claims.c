/* claims.c - see claims.h. */
#include "recorderd/claims.h"

#include <string.h>

#include "shared/ring_reader.h"

/* False where that recorder has had no camera of its own, or has stopped in order. */
static bool read_last(const char *ring, struct recorder_state *out, bool *streams)
{
	struct reason unused;
	struct ring_reader *reader = ring_reader_open(ring, &unused);
	bool had = reader && ring_reader_state(reader, out) && out->source == SOURCE_CAMERA && out->device[0] &&
		   !out->configured[0];

	*streams = had && out->camera_state == CAMERA_STREAMING && ring_reader_alive(reader, out);
	ring_reader_close(reader);
	return had;
}

static bool was_last_of(const struct device *device, const char *ring)
{
	struct recorder_state state;
	bool streams;

	if (!read_last(ring, &state, &streams) || strcmp(state.bus, device->bus) != 0 ||
	    strcmp(state.model, device->model) != 0)
		return false;
	return !streams || device_same(state.device, device->path);
}

bool claims_forbid(const struct device *device, const char *const *rings, const char *own_ring)
{
	for (; rings && *rings; rings++)
		if (was_last_of(device, *rings))
			return !was_last_of(device, own_ring);
	return false;
}
