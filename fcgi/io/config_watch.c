/* config_watch.c - see config_watch.h. */
#include "fcgi/io/config_watch.h"

#include <string.h>

#include "shared/base/log.h"
#include "shared/ring/ring_reader.h"

static bool recorder_read_after(const struct config *config, mono_t read)
{
	struct recorder_state state;
	struct ring_reader *ring;
	struct reason why;
	char name[64];
	bool after;

	config_ring_name(config, name);
	ring = ring_reader_open(name, &why);
	after = ring && ring_reader_state(ring, &state) && ring_reader_is_alive(ring, &state) &&
		state.config_mono_us > read.us;
	ring_reader_close(ring);
	return after;
}

bool config_watch_is_due(const struct config_watch *follow)
{
	for (size_t i = 0; follow->path && i < follow->set->count; i++)
		if (recorder_read_after(&follow->set->cameras[i], follow->read))
			return true;
	return false;
}

/* What a set does not name is zero (config.c), so equal ones are equal to the byte. */
static bool set_equal(const struct config_set *a, const struct config_set *b)
{
	return a->count == b->count && memcmp(a->cameras, b->cameras, a->count * sizeof(*a->cameras)) == 0;
}

bool config_watch_reload(struct config_watch *follow)
{
	struct config_set fresh;
	struct reason why;

	if (!follow->path)
		return false;
	follow->read = mono_now();
	if (!config_set_load(follow->path, &fresh, &why)) {
		log_error("config", "%s; the settings stay as they were", why.text);
		return false;
	}
	if (set_equal(&fresh, follow->set)) {
		config_set_free(&fresh);
		return false;
	}
	config_set_free(follow->set);
	*follow->set = fresh;
	log_set_level(fresh.cameras[0].log_level);
	log_info("config", "%s was read again: it has changed", follow->path);
	return true;
}
