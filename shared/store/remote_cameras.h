/*
 * remote_cameras.h - the cameras whose footage recorder-fetch has from the store (fetch_socket.h), as configurations.
 *
 * To the programs behind the web server such a camera is one more camera, whose recordings are its folder in the cache
 * (config.remote). It has no ring, no clips and no retention here.
 */
#ifndef SHARED_STORE_REMOTE_CAMERAS_H
#define SHARED_STORE_REMOTE_CAMERAS_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/config/config.h"
#include "shared/store/fetch_socket.h"

struct remote_camera {
	char name[CONFIG_NAME_BYTES];
	struct fetch_status status;
};

/*
 * Lists the cameras that have a folder in the cache, by their names. Returns how many, at most `max`, of which the caller
 * frees *out; -1 with errno if the cache cannot be read or memory is short.
 */
int remote_cameras_list(const char *cache, size_t max, struct remote_camera **out);

/*
 * Appends cameras of these names, which are sorted, unless a recorder of this machine has the name. Does nothing to a set
 * that serves no store. Returns false without memory; the set is then as before.
 */
bool remote_cameras_add(struct config_set *set, const char (*names)[CONFIG_NAME_BYTES], size_t count);

/*
 * If a set has no camera, makes its viewer (config.viewer) the only one, so that there are settings to go by: such a
 * camera has nothing.
 */
void remote_cameras_stand_in(struct config_set *set);

/* The configuration whose recordings are the cache itself, for processes that serve all remote cameras. */
void remote_cameras_root(const struct config_set *set, struct config *out);

/* Reads what recorder-fetch knows of the camera of that folder. Returns false, and zeros, if it is missing or damaged. */
bool remote_camera_status(int folder, struct fetch_status *out);

#endif
