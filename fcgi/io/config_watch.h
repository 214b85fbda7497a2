/*
 * config_watch.h - reloads the configuration of a worker program when a recorder has reloaded its own.
 *
 * One SIGHUP to a recorder, or its restart, is enough for all programs.
 */
#ifndef FCGI_IO_CONFIG_WATCH_H
#define FCGI_IO_CONFIG_WATCH_H

#include "shared/base/clock.h"
#include "shared/config/config.h"
#include "shared/store/remote_cameras.h"

struct config_watch {
	const char *path;                        /* as for config_watch_load(); NULL: never reload */
	struct config_set *set;                  /* not owned; replaced as a whole */
	mono_t read;                             /* the last attempt to read it was after this */
	const char (*remote)[CONFIG_NAME_BYTES]; /* the cameras of the store (remote_cameras.h), sorted; not owned */
	size_t remote_count;
};

/*
 * Loads the cameras of watch->path (config_set_load) and adds those of the store. The set has one at least, if only one
 * that stands in. Returns false and sets *why.
 */
bool config_watch_load(const struct config_watch *watch, struct config_set *out, struct reason *why);

/* Whether a recorder has read its configuration later (recorder_state.config_mono_us). Looks into every ring. */
bool config_watch_is_due(const struct config_watch *watch);

/* Reads it again. Returns false if nothing changed or if a file is invalid, which is logged and changes nothing. */
bool config_watch_reload(struct config_watch *watch);

#endif
