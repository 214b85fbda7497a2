/*
 * config_watch.h - reloads the configuration of a worker program when a recorder has reloaded its own.
 *
 * One SIGHUP to a recorder, or its restart, is enough for all programs.
 */
#ifndef FCGI_IO_CONFIG_WATCH_H
#define FCGI_IO_CONFIG_WATCH_H

#include "shared/base/clock.h"
#include "shared/config/config.h"

struct config_watch {
	const char *path;       /* as for config_set_load(); NULL: never reload */
	struct config_set *set; /* not owned; replaced as a whole */
	mono_t read;            /* the last attempt to read it was after this */
};

/* Whether a recorder has read its configuration later (recorder_state.config_mono_us). Looks into every ring. */
bool config_watch_is_due(const struct config_watch *watch);

/* Reads it again. Returns false if nothing changed or if a file is invalid, which is logged and changes nothing. */
bool config_watch_reload(struct config_watch *watch);

#endif
