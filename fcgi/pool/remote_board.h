/*
 * remote_board.h - what all processes of recorder-api know of the cameras of the store: in shared memory, so that none of
 * them but the workers for remote cameras reads the cache, whose disk may hang.
 *
 * One of these workers at a time lists the cache and publishes it; a reader copies an entry, and finds out afterwards
 * whether it was still whole (a sequence lock).
 */
#ifndef FCGI_POOL_REMOTE_BOARD_H
#define FCGI_POOL_REMOTE_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/store/remote_cameras.h"

#define REMOTE_CAMERAS_MAX 1024

/* Zeroed: empty, and not published yet. */
struct remote_board {
	_Atomic int64_t next_us;   /* when somebody is to publish again, by the monotonic clock */
	_Atomic uint64_t sequence; /* odd: an entry is being written */
	_Atomic uint64_t names;    /* counts the changes of the names */
	_Atomic uint32_t count;
	struct remote_camera cameras[REMOTE_CAMERAS_MAX]; /* sorted by name */
};

/*
 * Lists the cache and publishes it, if that is due. A camera stays once it is known, since its folder may only have been
 * deleted: if the store no longer has it, recorder-fetch says so when it is asked.
 */
void remote_board_update(struct remote_board *board, const char *cache);

/* Copies the status of a camera. Returns false, and zeros, if nothing is known of it. */
bool remote_board_find(const struct remote_board *board, const char *name, struct fetch_status *out);

/* Copies the names. Returns their count, and in *change which change of them this is. */
size_t remote_board_names(const struct remote_board *board, char (*names)[CONFIG_NAME_BYTES], uint64_t *change);

#endif
