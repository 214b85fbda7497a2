/*
 * config_watch.h - the configuration as a worker's program has it, read again when a recorder has read its own: one
 * SIGHUP to a recorder, or its restart, is enough for all.
 */
#ifndef FCGI_IO_CONFIG_WATCH_H
#define FCGI_IO_CONFIG_WATCH_H

#include "shared/base/clock.h"
#include "shared/config/config.h"

struct config_watch {
	const char *path;       /* as config_set_load() takes it; NULL: never read again */
	struct config_set *set; /* not owned; replaced as a whole */
	mono_t read;            /* it was read, or found broken, after this */
};

/* True where a recorder read its configuration later (recorder_state.config_mono_us). Looks into every ring. */
bool config_watch_is_due(const struct config_watch *follow);

/* Reads it again. False where nothing changed, or where a file is broken: that is logged, and the set stays. */
bool config_watch_reload(struct config_watch *follow);

#endif
