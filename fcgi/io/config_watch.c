/* config_watch.c - reloads the configuration of a worker program. */
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

	config_ring_name(config, name);
	ring = ring_reader_open(name, &why);
	bool after = ring && ring_reader_state(ring, &state) && ring_reader_is_alive(ring, &state) &&
		     state.config_mono_us > read.us;
	ring_reader_close(ring);
	return after;
}

bool config_watch_load(const struct config_watch *watch, struct config_set *out, struct reason *why)
{
	if (!config_set_load(watch->path, out, why))
		return false;
	if (remote_cameras_add(out, watch->remote, watch->remote_count)) {
		remote_cameras_stand_in(out);
		return true;
	}
	config_set_free(out);
	return reason_set(why, "%s: out of memory", watch->path);
}

bool config_watch_is_due(const struct config_watch *watch)
{
	for (size_t i = 0; watch->path && i < watch->set->count; i++)
		if (!watch->set->cameras[i].remote && recorder_read_after(&watch->set->cameras[i], watch->read))
			return true;
	return false;
}

/* Unused bytes are zero (config.c), so equal sets are equal byte by byte. */
static bool set_equal(const struct config_set *a, const struct config_set *b)
{
	if (!a->viewer != !b->viewer || (a->viewer && memcmp(a->viewer, b->viewer, sizeof(*a->viewer)) != 0))
		return false;
	return a->count == b->count && memcmp(a->cameras, b->cameras, a->count * sizeof(*a->cameras)) == 0;
}

bool config_watch_reload(struct config_watch *watch)
{
	struct config_set fresh;
	struct reason why;

	if (!watch->path)
		return false;
	watch->read = mono_now();
	if (!config_watch_load(watch, &fresh, &why)) {
		log_error("config", "%s; keeping the current settings", why.text);
		return false;
	}
	if (set_equal(&fresh, watch->set)) {
		config_set_free(&fresh);
		return false;
	}
	config_set_free(watch->set);
	*watch->set = fresh;
	log_set_level(fresh.cameras[0].log_level);
	log_info("config", "reloaded %s: it has changed", watch->path);
	return true;
}
